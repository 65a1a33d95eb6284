import { didYouMeanSentence } from '../base/did-you-mean.ts'
import { plain } from '../base/text.ts'
import { sharedHints } from '../ledger/classify-secrets.ts'
import { droppedDestinations } from '../ledger/ledger-entries.ts'
import type { Rotation } from '../ledger/rotation-decision.ts'
import { clientsClaiming } from '../ledger/served-places.ts'
import type { ObservedClient } from '../model/client.ts'
import { clientIdText } from '../model/client.ts'
import { destinationKey, destinationLabel, scopeLabel } from '../model/destination.ts'
import type { ClientSpec } from '../spec/client-spec.ts'
import { scopeWarnings } from '../spec/known-scopes.ts'
import { valueKey } from '../spec/value-keys.ts'
import { foreignSecretsOf } from './client-in-use.ts'
import type { Observed, PlanContext } from './client-plan.ts'
import { mayStillDeliver } from './end-of-delivery.ts'
import { clientLabel } from './find-client.ts'
import { noLongerServed } from './taken-and-dropped-places.ts'

/**
 * Warnings about a client with `state: present`, whether its plan is carried out or not. `client`: undefined if it is new; `postponed`: a
 * fresh secret would be issued if there were a slot for it; `awaited`: GitHub does not show the last delivery yet.
 */
export function warningsOf(
  spec: ClientSpec,
  client: ObservedClient | undefined,
  observed: Observed,
  { postponed, awaited, ...context }: PlanContext & Partial<Pick<Rotation, 'postponed' | 'awaited'>>,
): string[] {
  const { scopes, grantTypes } = spec.fields
  const { adminClientId } = context.policy
  // Warnings about the existing settings of a client appear once, when it is adopted.
  const kept = client?.description.ledger === undefined ? client?.scopes : undefined
  return [
    ...(client?.description.note === 'mangled' ? [mangledLedger] : []),
    ...(client === undefined ? [] : sharedHintWarnings(client)),
    ...(postponed ? [allInUse] : []),
    ...(awaited ? [notShownYet] : []),
    ...(client !== undefined && client.consent === undefined ? [untoldConsent(client, spec)] : []),
    ...(client !== undefined && client.id === adminClientId ? adminDeliveryWarnings(spec, client) : []),
    ...otherClientIdWarnings(spec, client, observed),
    ...noLongerServed(spec, client, observed, context),
    ...withoutDeliveryWarnings(spec, client, observed, context),
    ...scopeWarnings(scopes ?? kept ?? [], grantTypes ?? client?.grantTypes ?? []),
  ]
}

/**
 * Without a destination nothing is rotated or retired. Warns of a client that was delivered before, and of hints to retire, so that
 * nobody believes a leaked secret retired.
 */
function withoutDeliveryWarnings(
  { destinations, rotation }: ClientSpec,
  client: ObservedClient | undefined,
  observed: Observed,
  { policy, actor }: PlanContext,
): string[] {
  if (client === undefined || destinations.length > 0) return []
  const { ledger } = client.description
  const served = droppedDestinations(ledger, []).map((destination) => plain(destinationLabel(destination)))
  const isExpected =
    policy.rotate === 'now' || rotation.after !== undefined || Object.keys(ledger?.retiring ?? {}).length > 0
  const isTooEarly = mayStillDeliver({ ledger, now: observed.now, run: actor.run })
  const foreign = new Set(foreignSecretsOf(client, observed).map(({ hint }) => hint))
  const named = policy.retireHints.filter((hint) => foreign.has(hint)).map((hint) => plain(hint, 50))
  return [
    ...(policy.dropDestinations && isTooEarly ? [tooEarly] : []),
    ...(served.length > 0 && isExpected && !policy.dropDestinations ? [notRotated(served)] : []),
    ...(named.length > 0
      ? [
          `Not retired, because this run delivers no secret in its place: ${named.join(', ')}. Name a destination, or delete it in the Administration activity center.`,
        ]
      : []),
  ]
}

function notRotated(served: string[]): string {
  return `The client is delivered to ${served.join('; ')}, and this run delivers nothing: it neither rotates nor retires its secrets. A run that names the places does. If they are no longer needed, set drop-destinations: true once.`
}

const tooEarly =
  'An earlier run stopped a few minutes ago, and may have delivered: this run forgets no place. Set drop-destinations: true again in ten minutes.'

const allInUse =
  'All five secrets of the client are in use; runs that died or overlapped left some of them. The current secret is in place. When the grace period of the others is over, a run can tell which of them to retire.'

const notShownYet =
  'GitHub does not show yet the secret that an earlier run delivered. Until it does, nothing is issued or retired; a run in a few minutes settles this.'

function sharedHintWarnings(client: ObservedClient): string[] {
  return [...sharedHints(client.secrets)].map(
    (hint) =>
      `Several live secrets of ${clientLabel(client)} have the hint ${plain(hint, 50)}, and the tenant deletes a secret by its hint: this action retires none of them, because it might be the wrong one. A fresh secret (rotate: now) gets another hint; after its delivery and the grace period delete all secrets with that hint in the Administration activity center.`,
  )
}

function untoldConsent(client: ObservedClient, { consent }: ClientSpec): string {
  return `The tenant does not tell this credential the consent of ${clientLabel(client)}: it is set to ${consent} when the client is adopted and with each fresh secret, and not otherwise.`
}

/** Anybody who can read a place with the admin client's credentials can manage the tenant. */
function adminDeliveryWarnings({ destinations }: ClientSpec, client: ObservedClient): string[] {
  return destinations
    .filter((destination) => client.description.ledger?.destinations[destinationKey(destination)] === undefined)
    .map(
      (destination) =>
        `${plain(destinationLabel(destination))} gets the credentials of the client that this action signs in with: whoever can read that place can manage the tenant.`,
    )
}

const mangledLedger =
  'The action’s own line in the description can’t be read: somebody edited it. It is replaced, and the action no longer knows which secrets on the tenant it issued.'

/**
 * Warns of a variable that holds another client's id: of a place that is about to be taken over, and in each run of two clients that keep
 * their ids in the same variable beside secrets of their own.
 */
function otherClientIdWarnings(
  { destinations }: ClientSpec,
  client: ObservedClient | undefined,
  { destinations: seen, clients }: Observed,
): string[] {
  return destinations.flatMap((destination) => {
    const key = destinationKey(destination)
    const id = seen.get(key)?.idValue
    if (id === undefined || id === client?.id) return []
    const claimants = (part: 'id' | 'secret') => clientsClaiming(valueKey(destination, part), clients, client?.id)
    const sharers = claimants('id').filter((other) => other.id === id && !claimants('secret').includes(other))
    const shown = `${plain(scopeLabel(destination))}: ${destination.idName} holds the id of another client`
    if (sharers.length > 0)
      return [
        `${shown}, ${clientLabel(sharers[0]!)}, which is delivered there beside a secret of its own. Each run of one client overwrites the id of the other: give one of them a client-id-name of its own.`,
      ]
    if (client?.description.ledger?.destinations[key] !== undefined) return []
    return [
      `${shown} (${clientIdText(id)}). Delivering overwrites it and the secret ${destination.secretName}. If both clients are needed there, give this one a client-id-name and a client-secret-name of its own.`,
    ]
  })
}

/** Warns that no client was deleted: a misspelt name must not look like a success. */
export function nothingToDeleteWarnings(spec: ClientSpec, { clients }: Observed, { fleet }: PlanContext): string {
  const what = spec.clientId === undefined ? plain(spec.name, 80) : `with the id ${plain(spec.clientId)}`
  const meant = new Set(fleet.filter((other) => other !== spec).map(({ name }) => name))
  const names = clients.map(({ name }) => name).filter((name) => name !== '' && !meant.has(name))
  const label = (closest: string) => clientLabel(clients.find(({ name }) => name === closest)!)
  const suggestion = spec.clientId === undefined ? didYouMeanSentence(spec.name, names, label) : ''
  return `The tenant has no client ${what}: nothing was deleted.${suggestion}`
}
