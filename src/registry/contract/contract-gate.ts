import { contractOf } from '../../domain/contract.js';
import type { Contract } from '../../domain/contract.js';
import type { Run } from '../../domain/run.js';
import { reason } from '../../domain/verdict.js';
import type { VerdictReason } from '../../domain/verdict.js';
import { incompatibleChanges } from './contract-diff.js';
import type { ContractDifference } from './contract-diff.js';

/** Differences that a verdict spells out. */
const MAX_CHANGES = 5;

/** What a run would break, and the verdict that follows from it. */
interface GateDecision {
  /** Empty when clients of one of the contracts would notice nothing. */
  readonly differences: readonly ContractDifference[];
  /** CONTRACT_BREAKING; undefined when it may pass. */
  readonly rejection: VerdictReason | undefined;
}

/**
 * Whether a run may be served to clients of these contracts.
 *
 * @param run  one whose contract is unknown until it is loaded passes until then.
 * @param acceptedContracts  contracts that clients may rely on; keeping one of them is enough. Without any, every run
 *   passes.
 */
export function passContractGate(run: Run, acceptedContracts: readonly Contract[]): GateDecision {
  if (!hasContract(run)) return { differences: [], rejection: undefined };
  const contract = contractOf(run);
  const all = acceptedContracts.map((accepted) => incompatibleChanges(accepted, contract));
  const differences = all.find((found) => found.length === 0) ?? all[0] ?? [];
  if (differences.length === 0) return { differences, rejection: undefined };
  const changes = differences.slice(0, MAX_CHANGES).map(({ pointer, message }) => `${message} (${pointer})`);
  const more = differences.length - MAX_CHANGES;
  return {
    differences,
    rejection: reason('CONTRACT_BREAKING', changes.join(' ') + (more > 0 ? ` And ${more} more.` : '')),
  };
}

/** Whether a run says what goes in and what comes out. One of MLflow may not, until its model is loaded. */
export function hasContract({ signature: { input, output } }: Run): boolean {
  return [input, output].every(({ properties }) => Object.keys(properties).length > 0);
}
