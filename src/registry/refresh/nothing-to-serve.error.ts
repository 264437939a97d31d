/** The start cannot go on: the message is the report for the operator. */
export class NothingToServeError extends Error {
  constructor(report: string) {
    super(report);
    this.name = 'NothingToServeError';
  }
}
