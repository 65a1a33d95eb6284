import { parseDuration } from './clock.ts'
import { isRecord, jsonResponse, parseJson, type SandboxRequest } from './http.ts'
import type { Outcome, Sandbox } from './sandbox.ts'

/** Requests that steer the sandbox itself, on the tenant's listener: no token, and not among `requests`. */
export function control(sandbox: Sandbox, request: SandboxRequest): Outcome | undefined {
  if (!request.path.startsWith('/_sandbox/')) return undefined
  const route = `${request.method} ${request.path}`
  if (route === 'GET /_sandbox/state') return reply(200, stateOf(sandbox))
  if (route === 'POST /_sandbox/clock') return moveClock(sandbox, request.body)
  return reply(404, { error: 'Try GET /_sandbox/state or POST /_sandbox/clock' })
}

function moveClock(sandbox: Sandbox, body: string): Outcome {
  const parsed = parseJson(body)
  const advance = parsed.ok && isRecord(parsed.value) ? parsed.value.advance : undefined
  const ms = typeof advance === 'string' ? parseDuration(advance) : undefined
  if (ms === undefined) return reply(400, { error: 'The body must be like {"advance":"25h"} (units ms, s, m, h, d)' })
  sandbox.clock.advance(ms)
  return reply(200, { now: new Date(sandbox.clock.now()).toISOString() })
}

/** Names, hints and stamps; no value of a secret. */
function stateOf(sandbox: Sandbox): Record<string, unknown> {
  const { tenant, github, clock } = sandbox
  return {
    now: new Date(clock.now()).toISOString(),
    requests: sandbox.requests.length,
    clients: tenant.liveClients().map((client) => ({
      clientId: client.clientId,
      clientName: client.clientName,
      description: client.description,
      allowedScopes: client.allowedScopes,
      consentMethod: client.consentMethod,
      createdAt: client.createdAt,
      secrets: client.secrets.map(({ hint, createdAt }) => ({ hint, createdAt })),
    })),
    spaces: [...tenant.spaces.all.values()].map(({ id, name, type }) => ({
      ...{ id, name, type },
      members: tenant.spaces.in(id).map(({ assigneeId, roles }) => ({ assigneeId, roles })),
    })),
    repositories: [...github.repositoriesById.values()].map((repository) => ({
      id: repository.id,
      name: repository.fullName,
      ...placeState(sandbox, repository.fullName),
      environments: [...repository.environments.values()].map(({ name }) => ({
        name,
        ...placeState(sandbox, repository.fullName, name),
      })),
    })),
  }
}

function placeState(sandbox: Sandbox, repository: string, environment?: string): Record<string, unknown> {
  const place = environment === undefined ? { repository } : { repository, environment }
  const { github } = sandbox
  const secrets = github.secretNames(place)
  return {
    secrets: secrets.map((name) => ({ name, updatedAt: github.secretUpdatedAt({ ...place, name }) })),
    variables: Object.fromEntries(
      github.variableNames(place).map((name) => [name, github.variableValue({ ...place, name })]),
    ),
  }
}

function reply(status: number, body: unknown): Outcome {
  return { kind: 'response', ...jsonResponse(status, body) }
}
