export type StoreId = 'actions' | 'dependabot' | 'codespaces' | 'agents'

export type Access = 'read' | 'write'

/** Permissions that one place asks for; `readNeeds`: if even reading needs the permission to write. */
export type StoreRule = {
  secrets: string
  variables?: string
  readNeeds?: Access
  classicScope: 'repo' | 'admin:org'
  /** Fields that a PUT of a secret must have, beyond those it needs to make sense. */
  required: readonly string[]
}

const both = ['encrypted_value', 'key_id'] as const

/**
 * By the place of the store. Permissions come from
 * https://docs.github.com/en/rest/authentication/permissions-required-for-github-apps - an environment's secrets and variables
 * need `environments`, not `secrets`. The names for agents are not published; these are a guess.
 */
export const repositoryStores: Record<StoreId, StoreRule> = {
  actions: { secrets: 'secrets', variables: 'actions_variables', classicScope: 'repo', required: both },
  dependabot: { secrets: 'dependabot_secrets', classicScope: 'repo', required: [] },
  codespaces: { secrets: 'codespaces_secrets', readNeeds: 'write', classicScope: 'repo', required: [] },
  agents: { secrets: 'agent_secrets', variables: 'agent_variables', classicScope: 'repo', required: both },
}

export const environmentStore: StoreRule = {
  secrets: 'environments',
  variables: 'environments',
  classicScope: 'repo',
  required: both,
}

export const organizationStores: Record<StoreId, StoreRule> = {
  actions: {
    secrets: 'organization_secrets',
    variables: 'organization_actions_variables',
    classicScope: 'admin:org',
    required: ['visibility'],
  },
  dependabot: { secrets: 'organization_dependabot_secrets', classicScope: 'admin:org', required: ['visibility'] },
  codespaces: { secrets: 'organization_codespaces_secrets', classicScope: 'admin:org', required: ['visibility'] },
  agents: {
    secrets: 'organization_agent_secrets',
    variables: 'organization_agent_variables',
    classicScope: 'admin:org',
    required: [...both, 'visibility'],
  },
}

export function isStoreId(name: string | undefined): name is StoreId {
  return name !== undefined && Object.hasOwn(repositoryStores, name)
}

/** The permissions that a workflow can grant to its own token, of the ones that the routes here need. */
export const grantableToWorkflows: readonly string[] = ['actions', 'contents', 'metadata']
