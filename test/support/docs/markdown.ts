/** What tests need to know of a Markdown page. */

/** A page without its code blocks, which have rules of their own. */
export const withoutCodeBlocks = (markdown: string) => markdown.replaceAll(/^```[^]*?^```/gm, '');

/** Every cell of every table, heads included. */
export function tableCells(markdown: string): string[] {
  return withoutCodeBlocks(markdown)
    .split('\n')
    .filter((line) => /^\s*\|.*\|\s*$/.test(line) && !/^[\s|:-]+$/.test(line))
    .flatMap((line) =>
      line
        .trim()
        .slice(1, -1)
        .split(/(?<!\\)\|/),
    )
    .map((cell) => cell.trim());
}

/** Targets of links and pictures that lie in this repository: `page.md`, `page.md#anchor`, `#anchor`. */
export function relativeLinks(markdown: string): string[] {
  return [...withoutCodeBlocks(markdown).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** Anchors of a page's headings, made as GitHub makes them. */
export function anchorsOf(markdown: string): string[] {
  return [...withoutCodeBlocks(markdown).matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Names in code spans that look like paths of source files or folders of `src`. */
export function sourcePaths(markdown: string): string[] {
  return [...withoutCodeBlocks(markdown).matchAll(/`([\w.-]+(?:\/[\w.-]+)+\/?)`/g)]
    .map(([, path]) => path!)
    .filter((path) => path.startsWith('src/') || /\.(ts|mjs|cjs)$/.test(path));
}

/** Names of classes and functions in code spans, e.g. `RunSource` and `listModels` of `RunSource.listModels()`. */
export function codeNames(markdown: string): string[] {
  return [...withoutCodeBlocks(markdown).matchAll(/`([A-Za-z]\w*(?:\.[A-Za-z]\w*)?)(?:\([^`]*\))?`/g)]
    .flatMap(([, name]) => name!.split('.'))
    .filter((name) => /^[A-Za-z][a-z0-9]+[A-Z]\w*$/.test(name));
}
