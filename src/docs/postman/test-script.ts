import { JSON_TYPE } from '../openapi/openapi-types.js';
import type { OpenApiDocument, Operation, ResponseObject, Schema } from '../openapi/openapi-types.js';

/**
 * The test of one request, as lines of Postman's JavaScript: documented status, JSON body, envelope with that status.
 * Requests that need a key may be answered 401 or 403: a collection holds none, and running it must change nothing. A
 * body that was too long to be shown whole, or that no model here takes, may be answered 422.
 */
export function testScript(operation: Operation, { components }: OpenApiDocument): string[] {
  const { responses, security } = operation;
  const status = Object.keys(responses).find((code) => code.startsWith('2')) ?? '200';
  const media = (responses[status] as ResponseObject | undefined)?.content?.[JSON_TYPE];
  return [
    ...(security
      ? test(`answers ${status}, or asks for the key`, `pm.expect([${status}, 401, 403]).to.include(pm.response.code);`)
      : operation['x-example-shortened']
        ? test(
            `answers ${status}, or refuses the shortened example`,
            `pm.expect([${status}, 422]).to.include(pm.response.code);`,
          )
        : operation['x-example-left-out']
          ? test(`answers ${status}, or refuses`, `pm.expect([${status}, 422]).to.include(pm.response.code);`)
          : test(`answers ${status}`, `pm.response.to.have.status(${status});`)),
    ...(media ? test('is JSON', 'pm.response.json();') : []),
    ...(media && hasEnvelope(media.schema ?? {}, components.schemas)
      ? test('says its own status', "pm.expect(pm.response.json()['status-code']).to.equal(pm.response.code);")
      : []),
  ];
}

function test(name: string, statement: string): string[] {
  return [`pm.test('${name}', function () {`, `  ${statement}`, '});'];
}

function hasEnvelope(schema: Schema, schemas: Readonly<Record<string, Schema>>): boolean {
  const name = typeof schema.$ref === 'string' ? schema.$ref.split('/').at(-1)! : undefined;
  if (name === 'EnvelopeHeadDto') return true;
  const parts = name === undefined ? (schema.allOf as Schema[] | undefined) : [schemas[name] ?? {}];
  return parts?.some((part) => hasEnvelope(part, schemas)) ?? false;
}
