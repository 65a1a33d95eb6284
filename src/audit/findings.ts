import type { ObservedClient } from '../model/client.ts'

export type Severity = 'high' | 'medium' | 'low' | 'info'
const severities: readonly Severity[] = ['high', 'medium', 'low', 'info']

/** Every kind of finding, worst first, with its severity and its remedy. */
export const findingKinds = {
  'broad-scope': ['high', 'Give it only the scopes that it uses, and give admin scopes to as few clients as possible.'],
  'old-secret': ['high', 'Issue a fresh one, take it into use, then delete this one; or set rotate-after.'],
  unmanaged: ['medium', 'Put it into a spec file (mode: export writes one), or look after it by hand.'],
  unused: ['medium', 'Ask who needs it. Delete it if nobody does.'],
  'slots-full': ['medium', 'Delete the secrets that nobody uses: the next rotation needs a free place.'],
  'impersonation-beside-admin': ['medium', 'Make two clients of it: one that impersonates, one with the admin scopes.'],
  'orphaned-bot': ['medium', 'See what it owns and which spaces it is in. Then delete the user by hand.'],
  'not-in-spec': ['medium', 'Put it back into a spec file, or delete it with mode: destroy.'],
  'not-on-tenant': ['medium', 'Create it with mode: apply, or take it out of the file.'],
  'not-trusted': ['low', 'Set its consent to trusted: until then it gets no access token by itself.'],
  'unknown-maker': ['low', 'Find out who uses it, or replace it with a secret that has an owner.'],
  disabled: ['low', 'Delete it if nobody needs it any more.'],
  'managed-elsewhere': ['info', 'Change it in that repository.'],
  unseen: ['info', 'Sign in as a tenant admin to have this judged too.'],
} as const satisfies Record<string, readonly [Severity, string]>

export type FindingKind = keyof typeof findingKinds

/** A finding. `name`: the client's name on the tenant, unescaped; `detail`: one harmless line. */
export type Finding = { clientId: string; name: string; kind: FindingKind; severity: Severity; detail: string }

export function findingOf(client: Pick<ObservedClient, 'id' | 'name'>, kind: FindingKind, detail: string): Finding {
  return { clientId: client.id, name: client.name, kind, severity: findingKinds[kind][0], detail }
}

const order = Object.keys(findingKinds)

/** Worst first, then by kind and by the client's name. */
export function worstFirst(findings: Finding[]): Finding[] {
  return findings.toSorted(
    (a, b) =>
      order.indexOf(a.kind) - order.indexOf(b.kind) || compared(a.name, b.name) || compared(a.clientId, b.clientId),
  )
}

function compared(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}

/** The number of findings of each severity, worst first, without empty severities. */
function countsOf(findings: Finding[]): [Severity, number][] {
  return severities.flatMap((severity) => {
    const count = findings.filter((finding) => finding.severity === severity).length
    return count === 0 ? [] : [[severity, count] as [Severity, number]]
  })
}

/** `2 high, 5 medium`, or `nothing to look at`. */
export function countsText(findings: Finding[]): string {
  return (
    countsOf(findings)
      .map(([severity, count]) => `${count} ${severity}`)
      .join(', ') || 'nothing to look at'
  )
}
