import { AutomationError } from '../../core/errors.js';

/** An error of the host's configuration, found at start. */
export function configError(message: string, hint?: string): AutomationError {
  return new AutomationError('crm_config_invalid', message, { hint: hint ?? 'Check what is given to typeOrmCrm().' });
}
