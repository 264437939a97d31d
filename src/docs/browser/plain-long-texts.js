/**
 * A plugin of Swagger UI: shows texts of more than 20,000 characters without colours.
 *
 * The page makes an element for each word that it colours, and visits all of them at every click from then on: with the
 * Postman collection of three models (650,000 characters) a click took seconds.
 */
function plainLongTexts() {
  const MAX_COLOURED_LENGTH = 20_000;
  return {
    wrapComponents: {
      SyntaxHighlighter:
        (Coloured, { getComponent, React }) =>
        (props) => {
          const isLong = typeof props.children === 'string' && props.children.length > MAX_COLOURED_LENGTH;
          if (!isLong) return React.createElement(Coloured, props);
          return React.createElement(getComponent('PlainTextViewer'), null, props.children);
        },
    },
  };
}

globalThis.plainLongTexts = plainLongTexts;
