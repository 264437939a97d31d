/** The one call of newman that the tests make; the package has no types. */
declare module 'newman' {
  interface Summary {
    readonly run: {
      readonly stats: { readonly assertions: { readonly total?: number } };
      readonly failures: readonly { readonly source?: { readonly name: string }; readonly error: Error }[];
    };
  }
  const newman: {
    run(
      options: { readonly collection: object; readonly reporters: readonly string[] },
      done: (error: Error | null, summary: Summary) => void,
    ): void;
  };
  export default newman;
}
