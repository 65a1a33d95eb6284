import { plain } from '../base/text.ts'
import type { ObservedClient } from '../model/client.ts'
import type { TenantUser } from '../model/tenant.ts'
import type { WrittenClient } from '../spec/client-spec.ts'
import type { AuditFacts, AuditStandard } from './audit-facts.ts'
import { type Finding, findingOf, worstFirst } from './findings.ts'
import { judgeClient } from './judge-client.ts'
import { isManagedBy } from './managed-clients.ts'

/** All findings on a tenant, worst first. */
export function judgeTenant(evidence: AuditFacts, measure: AuditStandard): Finding[] {
  const clients = evidence.clients.map(({ client }) => client)
  return worstFirst([
    ...clients.flatMap((client) => judgeClient(client, evidence, measure)),
    ...orphanedBots(clients, evidence),
    ...againstFiles(clients, measure),
    ...evidence.closed.map(({ part, why, unjudged }) =>
      findingOf({ id: '', name: '' }, 'unseen', `${part}: ${plain(why, 200)}; not judged: ${unjudged}`),
    ),
  ])
}

function orphanedBots(clients: ObservedClient[], { users, adminClientId }: AuditFacts): Finding[] {
  const known = new Set([...clients.map(({ id }) => id), adminClientId ?? ''].map((id) => id.toLowerCase()))
  return (users?.users ?? []).flatMap((user) => {
    const { clientId, name, id, status } = user
    if (clientId === undefined || known.has(clientId.toLowerCase()) || isOfRegion(user)) return []
    const state = status === undefined || status === 'active' ? '' : `, ${plain(status, 20)}`
    return [findingOf({ id: clientId, name }, 'orphaned-bot', `user ${plain(id, 64)}${state}: its client is gone`)]
  })
}

/** Clients of a region or an organization are not in a tenant's list; their users have these names in every tenant. */
function isOfRegion({ name }: TenantUser): boolean {
  return /\boauth client\s*$/i.test(name)
}

// --- with spec files ---------------------------------------------------------------------------------------------------

function againstFiles(clients: ObservedClient[], { files, here }: AuditStandard): Finding[] {
  if (files === undefined) return []
  const specs = files.flatMap(({ file, clients: written }) => written.map((spec) => ({ file, spec })))
  const isOurs = ({ description: { ledger } }: ObservedClient) => ledger !== undefined && isManagedBy(ledger, here)
  const unnamed = clients.filter(
    (client) => isOurs(client) && !specs.some(({ spec }) => isMeant(client, spec, isOurs(client))),
  )
  const missing = specs.filter(
    ({ spec }) => spec.state === 'present' && !clients.some((client) => isMeant(client, spec, isOurs(client))),
  )
  return [
    ...unnamed.map((client) => {
      const called = client.description.ledger?.owner.client ?? ''
      return findingOf(
        client,
        'not-in-spec',
        `is managed by this repository as ${plain(called, 80)}, and is in no file`,
      )
    }),
    ...missing.map(({ file, spec }) => {
      const { name, 'client-id': id = '' } = spec
      return findingOf({ id, name }, 'not-on-tenant', `is in ${plain(file, 100)}, and not on the tenant`)
    }),
  ]
}

/** Matches clients as a run does: only by the pin if there is one, else by the ledger, else by name. */
function isMeant(client: ObservedClient, spec: WrittenClient, isOurs: boolean): boolean {
  if (spec['client-id'] !== undefined) return client.id === spec['client-id']
  return isOurs ? client.description.ledger?.owner.client === spec.name : client.name === spec.name
}
