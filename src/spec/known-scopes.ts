import { nearest } from '../base/did-you-mean.ts'
import { plain } from '../base/text.ts'
import { impersonationGrant } from './client-spec.ts'

const family = (root: string, ...suffixes: string[]) => [root, ...suffixes.map((suffix) => `${root}:${suffix}`)]

/**
 * Scopes usable with OAuth clients (qlik.dev/manage/access-control/scopes, August 2026). The list changes often, so it only
 * serves to suggest: a name that is not on it is a warning, never an error.
 */
export const knownScopes: readonly string[] = [
  ...[
    'admin_classic',
    'admin.ai-descriptions',
    'admin.aiplatform',
    ...family('admin.apps', 'export', 'read'),
    'admin.assistants',
    'admin.auth-settings',
  ],
  ...[
    ...family('admin.automations', 'read'),
    'admin.collections.publicgoverned',
    'admin.dataproduct',
    'admin.dataquality',
    'admin.dataqualityrules',
  ],
  ...family('admin.direct-access-gateways', 'delete_gateway', 'register_gateway', 'remote_configuration').slice(1),
  ...[
    'admin.extensions',
    'admin.ip-policies',
    'admin.knowledgebases',
    'admin.report-tasks',
    'admin.semantictype',
    ...family('admin.spaces', 'read'),
  ],
  ...['admin.sprints', 'admin.themes', ...family('admin.users', 'read'), 'admin.webhooks'],
  ...[
    'user_default',
    'ai-descriptions',
    'analysis-agent',
    'app.share',
    ...family('apps', 'export', 'read', 'manage'),
    'apps.data:export',
    'apps.image:export',
  ],
  ...[
    'apps.report:all',
    'apps.report:export',
    ...family('assistants', 'read'),
    ...family('automations', 'read'),
    'automations.private',
    'automations.shared',
  ],
  ...[
    ...family('automl-deployments', 'predict'),
    ...family('automl-experiments', 'no_gen_ai_assist'),
    ...family('data-connections', 'read'),
  ],
  ...[
    'data-governance-agents',
    ...family('dataproduct', 'consume'),
    'dataquality',
    'dataquality:read',
    ...family('dataqualityrules', 'assign'),
    'dataset',
  ],
  ...[
    'direct-access-gateways:consume_data',
    ...family('discovery-agent', 'read'),
    'environments:read',
    'geo-operations',
    'geo-operations.limited',
  ],
  ...[
    ...family('glossary', 'all', 'manage', 'update').slice(1),
    'governance-definition:read',
    'help-agent',
    'identity.email:read',
    'identity.name:read',
  ],
  ...[
    'identity.picture:read',
    'identity.subject:read',
    ...family('knowledgebases', 'read', 'index', 'search'),
    'lineage:create',
    'lineage:read',
    'mcp:execute',
  ],
  ...[
    'offline_access',
    ...family('semantictype', 'read'),
    ...family('spaces.data', 'read'),
    ...family('spaces.managed', 'read'),
  ],
  ...[
    ...family('spaces.shared', 'create', 'read'),
    'sprints:all',
    'sprints:contribute',
    'thread-audits',
    'trustscore',
    ...family('users', 'read'),
  ],
  ...['webhooks', 'write-table:external_read'],
]

/** Whoever has more of them than that has not misspelt them. */
const mostUnknown = 20

/** Warnings about a client's scopes: unknown names, too much power, powers that Qlik advises to keep apart. */
export function scopeWarnings(scopes: string[], grantTypes: string[]): string[] {
  const strange = scopes.filter((scope) => !knownScopes.includes(scope))
  const left = strange.length - mostUnknown
  const admin = scopes.filter((scope) => scope.startsWith('admin'))
  return [
    ...strange.slice(0, mostUnknown).map(unknownScope),
    ...(left > 0 ? [`${left} more of the scopes are not among those that Qlik documents.`] : []),
    ...(scopes.includes('admin_classic')
      ? [
          'The scope admin_classic gives the client all that a tenant admin may do. Most clients need a few admin.* scopes at most.',
        ]
      : []),
    ...(admin.length > 0 && grantTypes.includes(impersonationGrant)
      ? ['The client may impersonate users and has admin scopes. Qlik advises two clients, one for each.']
      : []),
  ]
}

function unknownScope(scope: string): string {
  const closest = nearest(scope, knownScopes)
  const suggestion = closest === undefined ? '' : ` Did you mean ${closest}?`
  return `The scope ${plain(scope, 60)} is not among those that Qlik documents.${suggestion}`
}
