/* global Redoc */
Redoc.init(
  '/openapi.json',
  {
    expandResponses: '200',
    requiredPropsFirst: true,
    theme: {
      typography: {
        fontFamily: 'system-ui, sans-serif',
        headings: { fontFamily: 'system-ui, sans-serif' },
      },
    },
  },
  document.getElementById('api'),
);
