import { didYouMeanSentence } from '../base/did-you-mean.ts'
import { plain } from '../base/text.ts'
import { impersonationGrant } from './client-spec.ts'

/**
 * Scopes usable with OAuth clients (qlik.dev/manage/access-control/scopes, August 2026). The list changes often, so it only
 * serves to suggest: a name that is not on it is a warning, never an error.
 */
export const knownScopes: readonly string[] = `
  admin_classic admin.ai-descriptions admin.aiplatform admin.apps admin.apps:export admin.apps:read admin.assistants
  admin.auth-settings admin.automations admin.automations:read admin.collections.publicgoverned admin.dataproduct
  admin.dataquality admin.dataqualityrules admin.direct-access-gateways:delete_gateway
  admin.direct-access-gateways:register_gateway admin.direct-access-gateways:remote_configuration admin.extensions
  admin.ip-policies admin.knowledgebases admin.report-tasks admin.semantictype admin.spaces admin.spaces:read
  admin.sprints admin.themes admin.users admin.users:read admin.webhooks user_default ai-descriptions analysis-agent
  app.share apps apps:export apps:read apps:manage apps.data:export apps.image:export apps.report:all
  apps.report:export assistants assistants:read automations automations:read automations.private automations.shared
  automl-deployments automl-deployments:predict automl-experiments automl-experiments:no_gen_ai_assist
  data-connections data-connections:read data-governance-agents dataproduct dataproduct:consume dataquality
  dataquality:read dataqualityrules dataqualityrules:assign dataset direct-access-gateways:consume_data
  discovery-agent discovery-agent:read environments:read geo-operations geo-operations.limited glossary:all
  glossary:manage glossary:update governance-definition:read help-agent identity.email:read identity.name:read
  identity.picture:read identity.subject:read knowledgebases knowledgebases:read knowledgebases:index
  knowledgebases:search lineage:create lineage:read mcp:execute offline_access semantictype semantictype:read
  spaces.data spaces.data:read spaces.managed spaces.managed:read spaces.shared spaces.shared:create
  spaces.shared:read sprints:all sprints:contribute thread-audits trustscore users users:read webhooks
  write-table:external_read
`
  .trim()
  .split(/\s+/)

/** More unknown scopes than this are not misspelt, but newer than this list. */
const mostUnknown = 20

/** Warnings about a client's scopes: unknown names, very wide scopes, and combinations that Qlik advises against. */
export function scopeWarnings(scopes: string[], grantTypes: string[]): string[] {
  const strange = scopes.filter((scope) => !knownScopes.includes(scope))
  const left = strange.length - mostUnknown
  const admin = scopes.filter((scope) => scope.startsWith('admin'))
  return [
    ...strange.slice(0, mostUnknown).map(unknownScope),
    ...(left > 0 ? [`${left} more of the scopes are not among those that Qlik documents.`] : []),
    ...(scopes.includes('admin_classic')
      ? [
          'The scope admin_classic gives the client all rights of a tenant admin. Most clients need a few admin.* scopes at most.',
        ]
      : []),
    ...(admin.length > 0 && grantTypes.includes(impersonationGrant)
      ? ['The client may impersonate users and has admin scopes. Qlik advises two clients, one for each.']
      : []),
  ]
}

function unknownScope(scope: string): string {
  return `The scope ${plain(scope, 60)} is not among those that Qlik documents.${didYouMeanSentence(scope, knownScopes)}`
}
