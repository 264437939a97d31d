/* global Redoc, withTextOnly */
fetch('/openapi.json')
  .then((response) => response.json())
  .then((document) => {
    Redoc.init(
      withTextOnly(document),
      {
        expandResponses: '200',
        requiredPropsFirst: true,
        // Links in Markdown that run a script are left out.
        sanitize: true,
        downloadUrls: [{ title: 'openapi.json', url: '/openapi.json' }],
        theme: {
          typography: {
            fontFamily: 'system-ui, sans-serif',
            headings: { fontFamily: 'system-ui, sans-serif' },
          },
        },
      },
      window.document.getElementById('api'),
    );
  });
