import type { Endpoints } from '@octokit/types'
import type { Scope, Store } from '../../model/destination.ts'

/** An address, and the permissions that GitHub requires there, with GitHub's own names if they are published. */
type Root = { path: string; needs: { secrets: string; variables?: string } }

/** The place of each store's values. The model also knows which stores have variables. */
const roots = {
  actions: {
    repository: {
      path: '/repos/{owner}/{repo}/actions',
      needs: { secrets: 'secrets', variables: 'actions_variables' },
    },
    environment: {
      path: '/repos/{owner}/{repo}/environments/{environment_name}',
      needs: { secrets: 'environments', variables: 'environments' },
    },
    organization: {
      path: '/orgs/{org}/actions',
      needs: { secrets: 'organization_secrets', variables: 'organization_actions_variables' },
    },
  },
  dependabot: {
    repository: { path: '/repos/{owner}/{repo}/dependabot', needs: { secrets: 'dependabot_secrets' } },
    organization: { path: '/orgs/{org}/dependabot', needs: { secrets: 'organization_dependabot_secrets' } },
  },
  codespaces: {
    repository: { path: '/repos/{owner}/{repo}/codespaces', needs: { secrets: 'codespaces_secrets' } },
    organization: { path: '/orgs/{org}/codespaces', needs: { secrets: 'organization_codespaces_secrets' } },
  },
  // GitHub does not publish the names that its header has for these: they are used only to find the names on its pages.
  agents: {
    repository: {
      path: '/repos/{owner}/{repo}/agents',
      needs: { secrets: 'agent_secrets', variables: 'agent_variables' },
    },
    organization: {
      path: '/orgs/{org}/agents',
      needs: { secrets: 'organization_agent_secrets', variables: 'organization_agent_variables' },
    },
  },
} as const satisfies Record<Store, { repository: Root; environment?: Root; organization: Root }>

export function rootOf({ store, environment, organization }: Scope): Root {
  const root: { repository: Root; environment?: Root; organization: Root } = roots[store]
  if (organization !== undefined) return root.organization
  return (environment === undefined ? undefined : root.environment) ?? root.repository
}

// --- every route is one of GitHub's, by GitHub's own description of its API ------------------------------------------

type AnyRoot = { [S in Store]: (typeof roots)[S][keyof (typeof roots)[S]] }[Store]
type Path<R = AnyRoot> = R extends { path: infer P extends string } ? P : never
type PathOfVariables = Path<Extract<AnyRoot, { needs: { variables: string } }>>
type PathOfOrganizations<P = Path> = Extract<P, `/orgs/${string}`>

/**
 * The routes below a root, by the roots that have them. A route that GitHub does not have below each of them is a compile error.
 */
type Below = {
  'GET secrets': Path
  'GET secrets/public-key': Path
  'GET secrets/{secret_name}': Path
  'PUT secrets/{secret_name}': Path
  'DELETE secrets/{secret_name}': Path
  'GET variables': PathOfVariables
  'POST variables': PathOfVariables
  'PATCH variables/{name}': PathOfVariables
  'DELETE variables/{name}': PathOfVariables
  'GET secrets/{secret_name}/repositories': PathOfOrganizations
  'GET variables/{name}/repositories': PathOfOrganizations<PathOfVariables>
}

type Known<R extends keyof Endpoints> = R
type Full<Route extends keyof Below> = Route extends `${infer Verb} ${infer End}`
  ? `${Verb} ${Below[Route]}/${End}`
  : never
type OfAll = { [R in keyof Below]: Known<Full<R>> } & { 'GET /repos/{owner}/{repo}': 'GET /repos/{owner}/{repo}' }

/** A verb and a path below a scope's root, or a whole path with a leading `/`. */
export type Route = keyof OfAll

type Holder = 'owner' | 'repo' | 'environment_name' | 'org' | 'baseUrl' | 'headers' | 'mediaType' | 'request'
type Without<T, K extends PropertyKey> = T extends unknown ? { [P in keyof T as P extends K ? never : P]: T[P] } : never

/** The parameters of a route, without those of the scope. */
export type ParametersOf<R extends Route> = Without<Endpoints[OfAll[R]]['parameters'], Holder>

/** The answer of a route, by GitHub's own description. */
export type AnswerTo<R extends Route> = Endpoints[OfAll[R]]['response']['data']
