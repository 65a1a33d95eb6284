import { ActionError } from '../base/errors.ts'
import type { Rotation } from '../ledger/rotation-decision.ts'
import type { Retirement } from '../ledger/rotation-situation.ts'
import type { FieldChange, ObservedClient } from '../model/client.ts'
import { type CredentialKind, isKeyHint, methodOf } from '../model/credential.ts'
import type { ClientSpec } from '../spec/client-spec.ts'
import type { Step } from './client-plan.ts'

/** Do these changes allow a method that was not allowed before? */
export function allowsNewMethod(changes: FieldChange[], kind: CredentialKind): boolean {
  return changes.some(
    ({ field, before, after }) =>
      field === 'authMethods' && after.includes(methodOf[kind]) && before?.includes(methodOf[kind]) === false,
  )
}

/** The kind of a fresh credential: the kind in the spec, else the kind of the current one, else a secret. */
export function credentialKindOf(
  { authMethods }: ClientSpec['fields'],
  client: ObservedClient | undefined,
): CredentialKind {
  if (authMethods !== undefined) return authMethods.includes(methodOf.key) ? 'key' : 'secret'
  if (!client?.authMethods.includes(methodOf.key)) return 'secret'
  const current = client.description.ledger?.current
  // If this action has issued none yet, the methods that the client allows decide.
  const isKey = current === undefined ? !client.authMethods.includes(methodOf.secret) : isKeyHint(current.hint)
  return isKey ? 'key' : 'secret'
}

/** A key whose private half nobody has would be of no use. */
export function noPlaceForKey(client: string): ActionError {
  return new ActionError(
    'INPUT_INVALID',
    `auth-method: ${client} would sign in with a key, but deliver: false leaves no place for its private half`,
    'Name a destination, or register a key of your own on the tenant first.',
  )
}

/**
 * Leaves out secrets that the client may no longer use: while the spec does not allow secrets again they count as retired, and a tenant
 * may refuse to delete the last one.
 */
export function retireSteps(
  client: ObservedClient,
  retire: Retirement[],
  kind: CredentialKind,
): (Step & { kind: 'retire' })[] {
  const secrets = client.secrets.filter(({ hint }) => !isKeyHint(hint))
  const isUsable = kind === 'secret' || client.authMethods.includes(methodOf.secret)
  const leavesNone = secrets.every(({ hint }) => retire.some((it) => it.hint === hint))
  // They are deleted one after another, so only the last one can be refused.
  const last = leavesNone ? retire.findLast(({ hint }) => !isKeyHint(hint))?.hint : undefined
  return (
    retire
      // A secret that nobody ever had is not kept, because its method may be allowed again.
      .filter(({ hint, why }) => isKeyHint(hint) || isUsable || why === 'never delivered')
      .map((it) => ({
        kind: 'retire' as const,
        clientId: client.id,
        ...it,
        ...(it.hint === last ? { mayStay: true as const } : {}),
      }))
  )
}

/**
 * The retirements of these steps that the tenant can't refuse. The ledger must keep all others: allowing their method again would make
 * those secrets usable.
 */
export function certainRetirements({ retire }: Rotation, steps: (Step & { kind: 'retire' })[]): Retirement[] {
  return retire.filter(({ hint }) => steps.some((step) => step.hint === hint && !step.mayStay))
}

/**
 * Once a key has replaced our secrets, their method is removed with the last of them. The method of keys is removed in the request that
 * removes the last key.
 */
export function surplusMethod(client: ObservedClient, rotation: Rotation | undefined, { fields }: ClientSpec): Step[] {
  const { ledger, line } = client.description
  const left = client.secrets.filter(({ hint }) => !rotation?.retire.some((it) => it.hint === hint))
  const followed = Object.keys(ledger?.retiring ?? {}).some((hint) => !isKeyHint(hint))
  const isOver =
    rotation?.undelivered.length === 0 &&
    fields.authMethods?.includes(methodOf.key) &&
    left.some(({ hint }) => hint === ledger?.current?.hint && isKeyHint(hint)) &&
    left.every(({ hint }) => isKeyHint(hint))
  if (!isOver || !followed || !client.authMethods.includes(methodOf.secret)) return []
  const before = client.authMethods
  const after = before.filter((method) => method !== methodOf.secret)
  return [{ kind: 'update', clientId: client.id, changes: [{ field: 'authMethods', before, after }], line }]
}
