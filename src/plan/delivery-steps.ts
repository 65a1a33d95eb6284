import type { ClientSpec, Policy } from '../spec/client-spec.ts'
import type { Observed, Step } from './client-plan.ts'
import { seenAt } from './existing-client.ts'

/** The steps that prove a fresh secret, deliver it and commit the delivery. */
export function deliverySteps(spec: ClientSpec, observed: Observed, grantTypes: string[], policy: Policy): Step[] {
  return [
    ...(policy.verify ? [{ kind: 'verify' as const, skip: verifySkip(spec, grantTypes) }] : []),
    ...spec.destinations.map((destination) => ({
      kind: 'deliver' as const,
      destination,
      idBefore: seenAt(observed, destination)?.idValue,
    })),
    { kind: 'commit' },
  ]
}

/** Why the client can't get an access token; undefined if it can. */
function verifySkip(spec: ClientSpec, grantTypes: string[]): string | undefined {
  if (!grantTypes.includes('client_credentials')) return 'the client may not use client_credentials'
  return spec.consent === 'required' ? 'its consent is required, not trusted' : undefined
}
