/** `it` for what Windows has not, or has differently: signals that can be handled, links, pipes, rights of files. */
export const itOnPosix = process.platform === 'win32' ? it.skip : it;
