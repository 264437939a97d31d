import { UseGuards, applyDecorators } from '@nestjs/common';
import { ApiSecurity } from '@nestjs/swagger';

import { AdminKeyGuard } from './admin-key.guard.js';

/** Requires the operator's key, also in the OpenAPI document. */
export const AdminOnly = () => applyDecorators(UseGuards(AdminKeyGuard), ApiSecurity('ApiKeyHeader'));
