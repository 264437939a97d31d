import { join } from 'node:path';

import { RunError } from '../../domain/verdict.js';
import { COMPUTING_OPERATIONS, RESTORING_OPERATIONS } from './computing-operations.js';
import { readSavedGraphs } from './saved-model-graph.js';
import type { SavedGraph, SavedNode } from './saved-model-graph.js';

const FIX =
  'Export the model without it: keep vocabularies and lookups in the graph, and leave out printing, files and Python; or export to ONNX.';

/**
 * Rejects a SavedModel that may do anything but compute: a graph is a program, and TensorFlow's operations reach files,
 * sockets and Python. Only operations that are known to compute are taken, and those that read variables, in the step
 * that restores them. What TensorFlow puts into every SavedModel for whoever saves it again, or trains it, is never run
 * here and does not count: what runs are the outputs of signatures, the step that restores and the one that initialises.
 *
 * @param folder  absolute, the one that holds `saved_model.pb`.
 * @throws RunError LOAD_FAILED that names the operation; ProtobufError when the file is no SavedModel.
 */
export function rejectOtherOperations(folder: string): void {
  for (const graph of readSavedGraphs(join(folder, 'saved_model.pb'))) {
    const isOwn = (operation: string) => COMPUTING_OPERATIONS.has(operation) || graph.functions.has(operation);
    const restoreNodes = (operation: string) => RESTORING_OPERATIONS.has(operation);
    requireOnly(reachedFrom(graph, graph.served), isOwn);
    requireOnly(reachedFrom(graph, graph.restoring), (operation) => isOwn(operation) || restoreNodes(operation));
  }
}

function requireOnly(nodes: Iterable<SavedNode>, isAllowed: (operation: string) => boolean): void {
  for (const { operation } of nodes) {
    if (isAllowed(operation)) continue;
    const message = `The SavedModel uses the operation ${operation.slice(0, 100)}, which is not known to do nothing but compute.`;
    throw new RunError('LOAD_FAILED', message, { fix: FIX });
  }
}

/** Every node that is run to have some nodes of the graph, those of the functions that are called among them. */
function reachedFrom({ nodes, functions }: SavedGraph, names: readonly string[]): Set<SavedNode> {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const reached = new Set<SavedNode>();
  const waiting = names.flatMap((name) => byName.get(name) ?? []);
  const calls: string[] = [];
  const reach = (node: SavedNode) => {
    if (reached.has(node)) return false;
    reached.add(node);
    calls.push(node.operation, ...node.functions);
    return true;
  };
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    if (reach(node)) waiting.push(...node.inputs.flatMap((name) => byName.get(name) ?? []));
  }
  // All nodes of a function are run, whatever they read: their names are the function's own.
  for (let name = calls.pop(); name !== undefined; name = calls.pop()) functions.get(name)?.forEach(reach);
  return reached;
}
