import { plain } from '../base/text.ts'
import { listedHints } from '../ledger/ledger-entries.ts'
import type { ObservedClient } from '../model/client.ts'
import { type Actor, type ClientSpec, isForAbsence, type Policy } from '../spec/client-spec.ts'
import { clientOf } from './client-order.ts'
import type { Observed } from './client-plan.ts'
import { clientLabel } from './find-client.ts'

/** `beside`: clients of the run's files that it leaves alone. `file`: undefined if inputs describe the client. */
type Run = { clients: ClientSpec[]; beside: ClientSpec[]; file: unknown; actor: Actor; policy: Policy }

/** Hints of secrets have five characters, kids of keys 43. Longer text may be a secret that somebody pasted, and is not repeated. */
const longestHint = 60

/** Warnings that concern a run as a whole, beside the warnings of each client. */
export function runWarnings(run: Run, observed: Observed): string[] {
  return [
    ...unknownHintWarnings(run, observed),
    ...ownHintWarnings(run, observed),
    ...clientsInNoFileWarnings(run, observed),
  ]
}

/** Warns of hints that match no secret, so that nobody believes that a leaked secret is retired. */
function unknownHintWarnings({ clients, actor, policy }: Run, observed: Observed): string[] {
  if (policy.retireHints.length === 0) return []
  const found = clients.flatMap((spec) => clientOf(spec, observed, actor) ?? [])
  const live = new Set(found.flatMap(({ secrets }) => secrets.map(({ hint }) => hint)))
  return policy.retireHints
    .filter((hint) => !live.has(hint))
    .map(
      (hint) =>
        `retire-hints: no client of this run has a live secret with the hint ${hintText(hint)}, so it retired nothing.`,
    )
}

function hintText(hint: string): string {
  return hint.length <= longestHint
    ? plain(hint)
    : `that is given (${hint.length} characters: is it a secret? Hints have five)`
}

/** Naming a secret that this action issued does not retire it, because the places hold it. */
function ownHintWarnings({ clients, actor, policy }: Run, observed: Observed): string[] {
  if (policy.retireHints.length === 0 || isForAbsence(policy.mode)) return []
  const found = clients.flatMap((spec) => (spec.state === 'present' ? (clientOf(spec, observed, actor) ?? []) : []))
  return found.flatMap((client) => {
    const { ledger } = client.description
    const listed = listedHints(ledger)
    const live = client.secrets.filter(({ hint }) => listed.has(hint) && policy.retireHints.includes(hint))
    return live.map(({ hint }) =>
      hint === ledger?.current?.hint
        ? `retire-hints: ${plain(hint)} is the current secret of ${clientLabel(client)}, and is kept. To replace it, set rotate: now; with grace-period: 0 it stops working in the same run.`
        : `retire-hints: this action issued ${plain(hint)} of ${clientLabel(client)} itself, and retires it after its grace period. With grace-period: 0 the next run retires it.`,
    )
  })
}

/** Warns of clients that somebody renamed or removed in a file: they stay on the tenant, live and trusted, and no run manages them. */
function clientsInNoFileWarnings({ clients, beside, file, actor }: Run, observed: Observed): string[] {
  if (file === undefined) return []
  const fleet = [...clients, ...beside]
  const names = new Set(fleet.map(({ name }) => name))
  const pins = new Set(fleet.flatMap(({ clientId }) => clientId ?? []))
  const managed = observed.clients.filter(({ id, description: { ledger } }) => {
    const isHere = ledger?.owner.repository === actor.repository.id
    return isHere && !names.has(ledger.owner.client) && !pins.has(id)
  })
  return managed.map(inNoFileText)
}

function inNoFileText(client: ObservedClient): string {
  const { client: name = '', origin } = client.description.ledger?.owner ?? {}
  const pin = `client-id: ${plain(client.id)}`
  const how = `list ${plain(name, 80)} with state: absent${origin === 'adopted' ? ` and ${pin}` : ''}`
  return `${clientLabel(client)} is managed here, in no file. To delete it, ${how}. If a file lists it under a new name, add ${pin} there.`
}
