import { Injectable } from '@nestjs/common';
import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';

import { ValidationError } from '../../domain/validation-problem.js';
import { bodyShapeProblem, checkOf, pick } from './pydantic-v1-rules.js';

/**
 * Turns bodies and queries into their DTO classes and checks them, in the API's 422 dialect.
 *
 * Unknown fields are ignored, as in the API of 2021. A list for a body counts as an object without fields (pydantic v1).
 */
@Injectable()
export class V1ValidationPipe implements PipeTransform {
  transform(value: unknown, { metatype, type }: ArgumentMetadata): unknown {
    if (!isDto(metatype) || (type !== 'body' && type !== 'query')) return value;
    const problem = type === 'body' ? bodyShapeProblem(value) : undefined;
    if (problem) throw new ValidationError([problem]);
    const instance = toInstance(metatype, value as object, type);
    const problems = checkOf(metatype)(instance, [type]);
    if (problems.length > 0) throw new ValidationError(problems);
    return instance;
  }
}

type DtoClass = new () => object;

function isDto(metatype: unknown): metatype is DtoClass {
  return typeof metatype === 'function' && ![String, Number, Boolean, Array, Object].includes(metatype as never);
}

function toInstance(metatype: DtoClass, value: object, type: 'body' | 'query'): object {
  const plain = Array.isArray(value) ? {} : value;
  const picked = pick(metatype, plain);
  // A query is flat text: class-transformer converts it. A body is JSON and typed already.
  return type === 'body' ? picked : plainToInstance(metatype, picked);
}
