import { type Call, emptyResponse, jsonResponse, type SandboxResponse } from '../http.ts'
import { paginate, readObject, readString, readVisibility, requireField, stamp } from './bodies.ts'
import { checkName } from './names.ts'
import { GitHubProblem, notFound, unprocessable } from './problem.ts'
import type { StoredVariable } from './scope.ts'
import { selectedRoute, shownVisibility } from './selected.ts'
import type { Target } from './target.ts'

/** https://docs.github.com/en/actions/reference/workflows-and-actions/variables#limits-for-configuration-variables */
const maxBytes = 48 * 1024

export function variablesRoute(call: Call, target: Target): SandboxResponse {
  const { scope, tail } = target
  const [name, ...rest] = tail
  if (name === undefined && call.method === 'GET') return list(call, target)
  if (name === undefined && call.method === 'POST') return create(call, target)
  if (name === undefined || name === '') throw notFound()
  const key = name.toUpperCase()
  const variable = scope.variables.get(key)
  if (!variable) throw notFound()
  if (rest.length > 0) return selectedRoute(call, variable, rest, target)
  if (call.method === 'GET') return jsonResponse(200, shape(key, variable, target))
  if (call.method === 'PATCH') return update(call, key, variable, target)
  if (call.method !== 'DELETE') throw notFound()
  scope.variables.delete(key)
  return emptyResponse(204)
}

function list(call: Call, target: Target): SandboxResponse {
  const ours = [...target.scope.variables].sort(([a], [b]) => (a < b ? -1 : 1))
  const all = [...ours.map(([name, item]) => shape(name, item, target)), ...target.settings.strangeValues]
  const { page, headers } = paginate(all, call, { usual: 10, most: 30 }, target.url)
  return jsonResponse(200, { total_count: all.length, variables: page }, headers)
}

function shape(name: string, variable: StoredVariable, target: Target): Record<string, unknown> {
  return {
    name,
    value: variable.value,
    created_at: stamp(variable.createdAt),
    updated_at: stamp(variable.updatedAt),
    ...shownVisibility(name, variable.visibility, target),
  }
}

function create(call: Call, target: Target): SandboxResponse {
  const body = readObject(call)
  requireField(body, 'name')
  requireField(body, 'value')
  if (target.rule.required.includes('visibility')) requireField(body, 'visibility')
  const name = checkName(readString(body, 'name') ?? '', 'Variable')
  const value = checkSize(readString(body, 'value') ?? '')
  if (target.scope.variables.has(name)) throw exists()
  target.scope.putVariable(name, value, readVisibility(body))
  return jsonResponse(201, {})
}

/** A PATCH may also rename. */
function update(call: Call, key: string, variable: StoredVariable, target: Target): SandboxResponse {
  const body = readObject(call)
  const name = checkName(readString(body, 'name') ?? key, 'Variable')
  const value = checkSize(readString(body, 'value') ?? variable.value)
  const visibility = readVisibility(body)
  if (name !== key) {
    if (target.scope.variables.has(name)) throw exists()
    target.scope.variables.delete(key)
    target.scope.variables.set(name, variable)
  }
  target.scope.putVariable(name, value, visibility)
  return emptyResponse(204)
}

function checkSize(value: string): string {
  if (Buffer.byteLength(value) > maxBytes) throw unprocessable('The variable is larger than 48 KB')
  return value
}

function exists(): GitHubProblem {
  return new GitHubProblem(409, 'Already exists - Variable already exists')
}
