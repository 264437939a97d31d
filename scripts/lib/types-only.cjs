const { readFileSync, readdirSync } = require('node:fs');
const { join, relative, sep } = require('node:path');

/** What stays of a file when its types are taken away begins a line with one of these. */
const RUNS =
  /^(export )?(default )?(abstract )?(async )?(class|function|const|let|enum)\b|^import '|^export (\*|\{)|^\w+[.(]/m;

/**
 * Files below a folder that hold nothing but types: no line of them ever runs, so none can be covered.
 *
 * @param {string} folder  absolute.
 * @returns {string[]} paths relative to it, with `/`.
 */
exports.typesOnly = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.spec.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => file.endsWith('.d.ts') || !RUNS.test(readFileSync(file, 'utf8')))
    .map((file) => relative(folder, file).split(sep).join('/'));
