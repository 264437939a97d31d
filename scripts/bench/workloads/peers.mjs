/** Other servers of models, by option: (a) at 1 and 32 connections and (b) at 8, each in turn with bestrun. */
import assert from 'node:assert/strict';

import { alternateLoads, measure, ratiosTo, summaries } from '../measure.mjs';
import { startPeer } from '../peers/peers.mjs';
import { onlyRun } from '../stores/bench-stores.mjs';
import { batchRequests, passengerRows, singleRequests } from './requests.mjs';

const LOADS = {
  single1: { requests: singleRequests, connections: 1 },
  single32: { requests: singleRequests, connections: 32 },
  batch8: { requests: batchRequests, connections: 8 },
};
const TOLERANCE = 1e-4;
/** Rows that each peer must predict as bestrun does. */
const ROWS_COMPARED = 8;

/**
 * @returns per peer and load what bestrun is in proportion to it, and the medians; peers that could not be installed or
 *   started are in `missing` with the reason.
 */
export async function peers({ processes, sender, light: [bestrun], lightStore, folder, effort, peerNames, note }) {
  const [measured, missing] = [{}, {}];
  for (const name of peerNames) {
    note(`peer ${name}`);
    const peer = await startPeer(processes, name, { store: lightStore, folder }).catch(({ message: missing }) => ({
      missing,
    }));
    if (peer.missing) missing[name] = peer.missing;
    else {
      await requireSamePredictions(bestrun, peer, onlyRun(lightStore, 'titanic-survival').run.decode.threshold);
      measured[name] = await beside(sender, bestrun, peer, effort);
      await processes.stop(peer.child);
    }
  }
  return { measured, missing };
}

async function beside(sender, bestrun, peer, effort) {
  await measure(sender, peer, { ...loadOf(peer, LOADS.single32), durationMs: effort.firstWarmUpMs });
  const loads = {};
  for (const [key, load] of Object.entries(LOADS)) {
    const entries = [bestrun, peer].map((contender) => ({
      name: contender.name,
      contender,
      load: { ...loadOf(contender, load), ...effort.window },
    }));
    const rounds = await alternateLoads({ sender, entries, ...effort });
    loads[key] = { bestrunVsPeer: ratiosTo(rounds, peer.name), contenders: summaries(rounds) };
  }
  return { startMs: peer.startMs, loads };
}

/** The same rows for everybody, in the words of each server. */
function loadOf({ requestOf }, { requests, connections }) {
  const all = requests();
  return { connections, requests: requestOf ? all.map((request) => requestOf(passengerRows(request))) : all };
}

async function requireSamePredictions(bestrun, peer, threshold) {
  const rows = singleRequests().slice(0, ROWS_COMPARED).flatMap(passengerRows);
  const ask = async ({ host, port }, { path, method, body }) => {
    const response = await fetch(`http://${host}:${port}${path}`, {
      method,
      body,
      headers: { 'Content-Type': 'application/json' },
    });
    assert.equal(response.status, 200, `${peer.name}: ${path} answers ${response.status}`);
    return response.json();
  };
  const own = await ask(bestrun, { ...singleRequests()[0], body: JSON.stringify({ inputs: rows }) });
  const theirs = peer.predictionsOf(await ask(peer, peer.requestOf(rows)), threshold);
  for (const [i, { survived, probability }] of own.data.predictions.entries()) {
    assert.equal(theirs[i].survived, survived, `${peer.name} predicts another class for row ${i}`);
    assert.ok(Math.abs(theirs[i].probability - probability) <= TOLERANCE, `${peer.name} predicts otherwise, row ${i}`);
  }
}
