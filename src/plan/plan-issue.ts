import { requireLedgerRoom } from '../ledger/description.ts'
import { announcedLedger } from '../ledger/ledger-transitions.ts'
import { onlyNamed, withOwner } from '../ledger/ownership.ts'
import type { Rotation } from '../ledger/rotation-decision.ts'
import type { RotationInput } from '../ledger/rotation-situation.ts'
import type { FieldChange, ObservedClient } from '../model/client.ts'
import { methodOf } from '../model/credential.ts'
import { type Destination, destinationKey, type ObservedDestination } from '../model/destination.ts'
import type { Ledger } from '../model/ledger-shape.ts'
import { isVisibilityAsAsked } from '../model/visibility.ts'
import type { ClientSpec, Policy } from '../spec/client-spec.ts'
import { allowsNewMethod } from './auth-method.ts'
import { withLeaving } from './leaving-places.ts'
import { refuseFullSlots } from './refusals.ts'
import type { Observed, PlanContext, Step } from './steps.ts'

/** The input of a plan. `leaving`: places that the ledger keeps as leaving; none for a new client. */
export type Planning = { spec: ClientSpec; observed: Observed; context: PlanContext; leaving: Ledger['destinations'] }

/** Announces, issues, proves, delivers and commits a fresh secret for a client as it is after the plan's other changes. */
export function issueSteps(
  { spec, observed, context, leaving }: Planning,
  client: ObservedClient,
  rotation: Rotation,
  input: RotationInput,
): Step[] {
  if (input.kind === 'secret') refuseFullSlots(client, rotation)
  const { user } = client.description
  const base = withOwner(client.description.ledger, spec, context.actor)
  const kept = { ...base, destinations: onlyNamed(base.destinations, spec) }
  const ledger = withLeaving(announcedLedger(kept, rotation, input), leaving, user, spec)
  requireLedgerRoom(user, ledger, spec.destinations, spec.rotation)
  const before = observed.clients.find(({ id }) => id === client.id)
  const isAllowed = before?.authMethods.includes(methodOf[input.kind]) !== false
  const addMethod = isAllowed ? undefined : client.authMethods
  const { reasons } = rotation
  return [
    {
      kind: 'issue',
      clientId: client.id,
      user,
      credential: input.kind,
      reasons,
      ledger,
      addMethod,
    },
    ...deliverySteps(spec, observed, client.grantTypes, context.policy),
    ...retiredAtOnce(spec, client.id, ledger, rotation, input),
  ]
}

/**
 * The ledger that announces a secret that nobody wants: changes that allow `client_secret` make one, also if nothing is delivered.
 * Undefined if these changes make none. `own`: the steps that write the ledger before them.
 */
export function unwantedSecret(
  { spec, context }: Planning,
  { client, changes, own }: { client: ObservedClient; changes: FieldChange[]; own: Step[] },
  input: RotationInput,
): Ledger | undefined {
  if (spec.destinations.length > 0 || !allowsNewMethod(changes, 'secret')) return undefined
  const before =
    own.find((step) => step.kind === 'own')?.ledger ?? withOwner(client.description.ledger, spec, context.actor)
  const ledger = announcedLedger(before, { orphans: [], retire: [] }, input)
  requireLedgerRoom(client.description.user, ledger, [], spec.rotation)
  return ledger
}

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

function retiredAtOnce(
  spec: ClientSpec,
  clientId: string,
  ledger: Ledger,
  rotation: Rotation,
  { live, kind, retireHints, neededElsewhere }: RotationInput,
): Step[] {
  const without = spec.rotation.grace === 0 ? [ledger.current?.hint, ...Object.keys(ledger.retiring)] : []
  const gone = new Set(rotation.retire.map(({ hint }) => hint))
  const alive = new Set(live.map(({ hint }) => hint).filter((hint) => !gone.has(hint) && !neededElsewhere.has(hint)))
  // If a key replaces it, it may be the client's last secret, and tenants may refuse to delete that one.
  const mayStay = kind === 'key' ? { mayStay: true as const } : {}
  const named = rotation.foreign.map(({ hint }) => hint).filter((hint) => retireHints.includes(hint))
  return [
    ...without
      .filter((hint) => hint !== undefined && alive.has(hint))
      .map((hint) => ({ kind: 'retire' as const, clientId, hint: hint!, why: 'no grace' as const, ...mayStay })),
    ...named.map((hint) => ({ kind: 'retire' as const, clientId, hint, why: 'named in retire-hints' as const })),
  ]
}

/**
 * Corrects variables that hold another client id, or have another visibility than the spec says. If a secret holds the client id, the next
 * delivery writes it.
 */
export function idRepairs(spec: ClientSpec, clientId: string, observed: Observed): (Step & { kind: 'write-id' })[] {
  return spec.destinations.flatMap((destination) => {
    const { idValue: before, idAccess } = seenAt(observed, destination) ?? {}
    const isRight = before === clientId && isVisibilityAsAsked(destination.access, idAccess)
    return destination.idAs !== 'variable' || isRight
      ? []
      : [{ kind: 'write-id' as const, destination, clientId, before }]
  })
}

function seenAt(observed: Observed, destination: Destination): ObservedDestination | undefined {
  return observed.destinations.get(destinationKey(destination))
}
