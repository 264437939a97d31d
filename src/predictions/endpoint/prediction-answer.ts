import { EndpointAnswer } from '../../http/endpoint/http-endpoint.js';
import type { EnvelopeWriter } from '../../http/envelope/envelope.js';
import { CONTRACT_HEADER } from '../../http/request/contract-header.js';
import { serverTiming } from '../../http/response/server-timing.js';
import { stringifyJson } from '../../lib/json/json-text.js';
import type { JsonObject } from '../../lib/json/json.js';
import type { Prediction, PredictionContext } from '../predictions.service.js';

/** The usual answer: an envelope around model, run and predictions. */
export function envelopeAnswer(
  writeEnvelope: EnvelopeWriter,
  { model, runId, rows, notes }: Prediction<string>,
  context: PredictionContext,
): EndpointAnswer {
  const startMs = performance.now();
  const notesText = notes ? `,"notes":${stringifyJson(notes)}` : '';
  const data = `{"model":"${model}","run_id":${JSON.stringify(runId)},"predictions":${rows}${notesText}}`;
  return answerWith(writeEnvelope(data), context, startMs);
}

/** The output row of a single input row: its primary fields, and nothing around them. */
export function bareAnswer(
  { rows: [row], primaryFields }: Prediction<JsonObject[]>,
  context: PredictionContext,
): EndpointAnswer {
  const startMs = performance.now();
  const primary = Object.fromEntries(primaryFields.map((field) => [field, row![field]]));
  return answerWith(stringifyJson(primary), context, startMs);
}

function answerWith(body: string, { timing, contract, subject }: PredictionContext, startMs: number): EndpointAnswer {
  timing.serializeMs += performance.now() - startMs;
  timing.finish();
  const headers = ['Content-Type', 'application/json; charset=utf-8', 'Server-Timing', serverTiming(timing)];
  if (contract !== undefined) headers.push(CONTRACT_HEADER, contract);
  return new EndpointAnswer(200, headers, body, subject);
}
