import { Injectable } from '@nestjs/common';
import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';

import { ValidationError } from '../../domain/validation-issue.js';
import { isBodyOptional } from './optional-body.decorator.js';
import { bodyShapeIssue, checkOf, pick } from './pydantic-v1-rules.js';

/**
 * Turns bodies and queries into their DTO classes and checks them, in the API's 422 dialect.
 *
 * Unknown fields are ignored, as in the users' documents, unless the class refuses them. A list for a body counts as an object without fields (pydantic v1).
 */
@Injectable()
export class PydanticV1ValidationPipe implements PipeTransform {
  transform(given: unknown, { metatype, type }: ArgumentMetadata): unknown {
    if (!isDto(metatype) || (type !== 'body' && type !== 'query')) return given;
    const value = given === undefined && isBodyOptional(metatype) ? {} : given;
    const issue = type === 'body' ? bodyShapeIssue(value) : undefined;
    if (issue) throw new ValidationError([issue]);
    const plain = Array.isArray(value) ? {} : (value as object);
    const instance = toInstance(metatype, plain, type);
    const issues = checkOf(metatype)(type === 'body' ? plain : instance, [type]);
    if (issues.length > 0) throw new ValidationError(issues);
    return instance;
  }
}

type DtoClass = new () => object;

function isDto(metatype: unknown): metatype is DtoClass {
  return typeof metatype === 'function' && ![String, Number, Boolean, Array, Object].includes(metatype as never);
}

function toInstance(metatype: DtoClass, plain: object, type: 'body' | 'query'): object {
  const dto = pick(metatype, plain);
  // A query is flat text: class-transformer converts it. A body is JSON and typed already.
  return type === 'body' ? dto : plainToInstance(metatype, dto);
}
