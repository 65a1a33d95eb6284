import { ActionError } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import { requireLedgerRoom } from '../ledger/description.ts'
import { announcedLedger } from '../ledger/ledger-transitions.ts'
import { newLedger } from '../ledger/ownership.ts'
import type { ClientSpec } from '../spec/client-spec.ts'
import { credentialKindOf, noPlaceForKey } from './auth-method.ts'
import type { ClientPlan, Observed, PlanContext, Step } from './client-plan.ts'
import { warningsOf } from './client-warnings.ts'
import { deliverySteps } from './delivery-steps.ts'
import { requireVisibility } from './refused-plans.ts'

/** The plan for a client that does not exist yet. Throws `INPUT_INVALID` if the spec does not say enough to create it. */
export function planCreate(spec: ClientSpec, observed: Observed, context: PlanContext): ClientPlan {
  const { actor, policy } = context
  const fields = newFields(spec)
  const kind = credentialKindOf(spec.fields, undefined)
  const deliver = spec.destinations.length > 0
  if (kind === 'key' && !deliver) throw noPlaceForKey(plain(spec.name))
  requireVisibility(spec.destinations, observed.destinations)
  const input = {
    kind,
    live: [],
    now: observed.now,
    run: actor.run,
    destinations: spec.destinations,
    observed: observed.destinations,
  }
  const ledger = announcedLedger(newLedger(spec, actor, 'made'), { orphans: [], retire: [] }, input)
  const user = spec.fields.description ?? ''
  requireLedgerRoom(user, ledger, spec.destinations, spec.rotation)
  return {
    spec,
    client: undefined,
    adopted: false,
    run: actor.run,
    steps: [
      { kind: 'create', fields, consent: spec.consent, user, ledger, credential: kind, deliver },
      ...(deliver ? deliverySteps(spec, observed, fields.grantTypes, policy) : []),
    ],
    drift: true,
    foreign: [],
    warnings: warningsOf(spec, undefined, observed, context),
  }
}

function newFields({ name, fields }: ClientSpec): (Step & { kind: 'create' })['fields'] {
  const { scopes, grantTypes, authMethods, redirectUris, allowedOrigins, clientUri, logoUri } = fields
  if (scopes === undefined || scopes.length === 0) {
    throw new ActionError(
      'INPUT_INVALID',
      `scopes: ${plain(name)} does not exist and would be created, but no scope is given`,
      'Give at least one, such as user_default.',
    )
  }
  return {
    ...{ name, scopes, redirectUris, allowedOrigins, clientUri, logoUri },
    grantTypes: grantTypes ?? ['client_credentials'],
    authMethods: authMethods ?? ['client_secret'],
  }
}
