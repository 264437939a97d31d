/**
 * The source of a regular expression for what may stand before an image in base64: the head of a `data:` URL with any
 * parameters (RFC 2397). What it says of the type counts less than the bytes: it may be left out.
 */
export const IMAGE_URL_HEAD =
  'data:(?:image/(?:png|x-png|jpe?g|pjpeg)|application/octet-stream)?(?:;[^;,="]+=(?:"[^"]*"|[^;,"]*))*;base64,';
