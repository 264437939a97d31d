/**
 * The document as the pages show it. What the owners of models wrote is text, and may use Markdown; both viewers would
 * take HTML in it for HTML, so that a description could send visitors away or ask them for a password. A character of no
 * width behind each `<` that could begin a tag leaves it what it is: a character. Other clients read the document as it
 * was written.
 *
 * @param node  any part of the OpenAPI document.
 * @param areNames  whether its keys are names that somebody chose, not words of OpenAPI.
 */
function withTextOnly(node, areNames = false) {
  if (Array.isArray(node)) return node.map((item) => withTextOnly(item));
  if (typeof node !== 'object' || node === null) return node;
  const members = Object.entries(node).map(([key, value]) => {
    if (typeof value === 'string') return [key, SHOWN.has(key) ? asText(value) : value];
    const isData = !areNames && DATA.has(key);
    const isList = key === 'examples' && Array.isArray(value);
    return [key, isData || isList ? value : withTextOnly(value, !areNames && NAMED.has(key))];
  });
  return Object.fromEntries(members);
}

/** Texts that a viewer renders. */
const SHOWN = new Set(['description', 'summary', 'title']);
/** Values that a client sends or gets: they are shown as code, and filled in as they are. */
const DATA = new Set(['example', 'default', 'enum', 'const', 'value']);
/** Objects whose keys are names. */
const NAMED = new Set([
  '$defs',
  'callbacks',
  'content',
  'encoding',
  'examples',
  'headers',
  'links',
  'mapping',
  'parameters',
  'paths',
  'pathItems',
  'patternProperties',
  'properties',
  'requestBodies',
  'responses',
  'schemas',
  'securitySchemes',
  'variables',
]);

function asText(text) {
  return text.replace(/<(?=[a-z/!?])/gi, '<\u2060');
}

globalThis.withTextOnly = withTextOnly;
