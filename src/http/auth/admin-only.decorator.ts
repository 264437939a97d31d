import { UseGuards, applyDecorators } from '@nestjs/common';
import { ApiSecurity } from '@nestjs/swagger';

import { AdminKeyGuard } from './admin-key.guard.js';

/** For operators alone: needs their key, and says so in the document of the API. */
export const AdminOnly = () => applyDecorators(UseGuards(AdminKeyGuard), ApiSecurity('ApiKeyHeader'));
