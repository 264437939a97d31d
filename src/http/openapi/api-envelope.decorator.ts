import { applyDecorators } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';

import { EnvelopeHeadDto } from './envelope.dto.js';

/** Documents a 200 answer: the envelope with `data` of a DTO class. */
export const ApiEnvelope = (data: Type, description: string, example?: unknown) =>
  applyDecorators(
    ApiExtraModels(EnvelopeHeadDto, data),
    ApiResponse({
      status: 200,
      description,
      content: {
        'application/json': {
          schema: {
            allOf: [
              { $ref: getSchemaPath(EnvelopeHeadDto) },
              { type: 'object', required: ['data'], properties: { data: { $ref: getSchemaPath(data) } } },
            ],
          },
          ...(example !== undefined && { example }),
        },
      },
    }),
  );
