import { Injectable } from '@nestjs/common';

import { toSourceReadingDto } from '../http/dto/source-reading.dto.js';
import { ModelRegistryService } from '../registry/model-registry.service.js';
import { PinService } from '../registry/pin.service.js';
import { RetryService } from '../registry/retry.service.js';
import { RefreshService } from '../registry/refresh/refresh.service.js';
import { RecentDeliveries } from './recent-deliveries.js';
import { NO_REASON, toPinDto } from './dto/control.dto.js';
import type {
  HintDto,
  PinRequestDto,
  RefreshDto,
  RefreshRequestDto,
  RollbackRequestDto,
  ServedDto,
} from './dto/control.dto.js';

/** Who decided, for the history, when the request names nobody. */
const DEFAULT_USER = 'admin';

/** Carries out what operators and webhooks ask for, and describes what serves then. */
@Injectable()
export class ModelControlService {
  private readonly deliveries = new RecentDeliveries();

  constructor(
    private readonly registry: ModelRegistryService,
    private readonly refreshService: RefreshService,
    private readonly pins: PinService,
    private readonly retries: RetryService,
  ) {}

  /**
   * Reads the store now, after what is remembered against a run was forgotten.
   *
   * @throws AppError RUN_NOT_FOUND; STORE_NOT_READABLE: everything that serves stays as it is then.
   */
  async refresh({ retry }: RefreshRequestDto): Promise<RefreshDto> {
    if (retry !== undefined) await this.retries.forget(retry);
    const models = await this.refreshService.refresh();
    return { models, sources: this.refreshService.statuses.map(toSourceReadingDto) };
  }

  /**
   * Has the store read soon; returns before that. A delivery that is sent again, by MLflow or by whoever has recorded it,
   * is accepted and does nothing.
   *
   * @param deliveryId  of the webhook, whose signature has been checked.
   */
  acceptDelivery(deliveryId: string): HintDto {
    return this.deliveries.isNew(deliveryId, Date.now()) ? this.refreshService.acceptHint() : { accepted: true };
  }

  /**
   * Serves a model with one run, whatever policy and contract say.
   *
   * @throws AppError MODEL_NOT_FOUND, RUN_NOT_FOUND, RUN_NOT_OF_MODEL, PIN_REFUSED; nothing changes then.
   */
  async pin(name: string, { run_id, reason, by = DEFAULT_USER }: PinRequestDto): Promise<ServedDto> {
    await this.pins.pin(name, { run_id, reason, by });
    return this.getServing(name);
  }

  /** Leaves the choice of the run to the policy again. @throws AppError MODEL_NOT_FOUND. */
  async unpin(name: string, by = DEFAULT_USER): Promise<ServedDto> {
    await this.pins.unpin(name, by);
    return this.getServing(name);
  }

  /** Pins the run that served before. @throws AppError MODEL_NOT_FOUND, NO_PREVIOUS_RUN, PIN_REFUSED. */
  async rollBack(name: string, { reason = NO_REASON, by = DEFAULT_USER }: RollbackRequestDto): Promise<ServedDto> {
    await this.pins.rollBack(name, { reason, by });
    return this.getServing(name);
  }

  private getServing(name: string): ServedDto {
    const { best, pin } = this.registry.getModel(name);
    return {
      model: name,
      run_id: best?.loaded.run.run_id ?? null,
      contract: best?.loaded.contract ?? null,
      pin: pin ? toPinDto(pin) : null,
      state_problem: this.registry.stateProblem ?? null,
    };
  }
}
