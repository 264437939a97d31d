/* global SwaggerUIBundle, plainLongTexts, withTextOnly */
SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#api',
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  // The default one is a service on the internet.
  validatorUrl: null,
  defaultModelsExpandDepth: 0,
  plugins: [
    plainLongTexts,
    () => ({
      statePlugins: {
        spec: { wrapActions: { updateJsonSpec: (update) => (document) => update(withTextOnly(document)) } },
      },
    }),
  ],
});
