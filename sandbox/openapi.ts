import { readFileSync } from 'node:fs'
import { Ajv, type ValidateFunction } from 'ajv'

type Schema = Record<string, unknown>
type Parameter = { name: string; in: 'path' | 'query' | 'header'; required?: boolean; schema?: Schema }
type Operation = {
  parameters: Parameter[]
  body: { required: boolean; validate: ValidateFunction | undefined } | undefined
}
type Template = { path: string; segments: string[]; operations: Map<string, Operation> }

const text = readFileSync(new URL('./github-openapi.generated.json', import.meta.url), 'utf8')
const description = JSON.parse(text)
const strict = new Ajv({ strict: false, allErrors: true, validateFormats: false })
/** Path segments and query values arrive as text, so "5" is a good integer there, and only there. */
const lenient = new Ajv({ strict: false, allErrors: true, validateFormats: false, coerceTypes: true })
const parameterChecks = new Map<Schema, ValidateFunction>()
const templates: Template[] = Object.entries(description.paths as Record<string, Schema>).map(readTemplate)

/**
 * The ways in which a request breaks GitHub's own API description; empty if there are none. It is stricter than GitHub in two
 * ways: a field or a query parameter that is not described is a problem.
 */
export function validateGithubRequest(record: { method: string; path: string; body?: unknown }): string[] {
  const [pathname = '', query = ''] = record.path.split('?')
  const what = `${record.method} ${pathname}`
  const segments = withoutRepositoryId(pathname).split('/').slice(1)
  const template = findTemplate(segments)
  const operation = template?.operations.get(record.method.toLowerCase())
  if (!template || !operation) return [`${what} is not in the API description`]
  const problems = [...checkPath(template, segments, operation), ...checkQuery(new URLSearchParams(query), operation)]
  return [...problems, ...checkBody(record.body, operation)].map((problem) => `${what}: ${problem}`)
}

/** The target of a renamed repository's redirect has no description. */
function withoutRepositoryId(pathname: string): string {
  return pathname.replace(/^\/repositories\/\d+/, '/repos/any/any')
}

function findTemplate(segments: string[]): Template | undefined {
  const fitting = templates.filter(
    (template) =>
      template.segments.length === segments.length &&
      template.segments.every((part, i) => (isVariable(part) ? segments[i] !== '' : part === segments[i])),
  )
  // The most literal one: `public-key` is not the name of a secret.
  const variables = (template: Template) => template.segments.filter(isVariable).length
  return fitting.sort((a, b) => variables(a) - variables(b))[0]
}

function isVariable(part: string): boolean {
  return part.startsWith('{')
}

function checkPath(template: Template, segments: string[], operation: Operation): string[] {
  return template.segments.flatMap((part, i) => {
    const name = part.slice(1, -1)
    const parameter = operation.parameters.find((other) => other.in === 'path' && other.name === name)
    if (!isVariable(part) || !parameter) return []
    try {
      return checkParameter(parameter, decodeURIComponent(segments[i] ?? ''))
    } catch {
      return [`${name} is not percent-encoded`]
    }
  })
}

function checkQuery(query: URLSearchParams, operation: Operation): string[] {
  const described = operation.parameters.filter((parameter) => parameter.in === 'query')
  const given = [...query].flatMap(([name, value]) => {
    const parameter = described.find((other) => other.name === name)
    return parameter ? checkParameter(parameter, value) : [`query parameter ${name} is not described`]
  })
  const missing = described.filter((parameter) => parameter.required && !query.has(parameter.name))
  return [...given, ...missing.map((parameter) => `query parameter ${parameter.name} is missing`)]
}

function checkParameter(parameter: Parameter, value: string): string[] {
  if (!parameter.schema) return []
  let check = parameterChecks.get(parameter.schema)
  if (!check) {
    check = lenient.compile({ type: 'object', properties: { value: parameter.schema } })
    parameterChecks.set(parameter.schema, check)
  }
  return check({ value }) ? [] : problemsOf(check).map((problem) => `${parameter.name} ${problem}`)
}

function checkBody(body: unknown, operation: Operation): string[] {
  if (!operation.body) return body === undefined ? [] : ['there must be no body']
  if (body === undefined) return operation.body.required ? ['the body is missing'] : []
  const { validate } = operation.body
  if (!validate || validate(body)) return []
  return problemsOf(validate).map((problem) => `body ${problem}`)
}

function problemsOf(validate: ValidateFunction): string[] {
  return (validate.errors ?? []).map(({ instancePath, message, params }) => {
    const extra = 'additionalProperty' in params ? ` (${params.additionalProperty})` : ''
    return `${instancePath === '' ? '' : `${instancePath} `}${message}${extra}`
  })
}

function readTemplate([path, item]: [string, Schema]): Template {
  const operations = Object.entries(item).map(([method, raw]): [string, Operation] => [method, readOperation(raw)])
  return { path, segments: path.split('/').slice(1), operations: new Map(operations) }
}

function readOperation(raw: unknown): Operation {
  const { parameters, requestBody } = resolved(raw) as { parameters?: Parameter[]; requestBody?: Schema }
  if (!requestBody) return { parameters: parameters ?? [], body: undefined }
  const content = requestBody.content as { 'application/json'?: { schema?: Schema } } | undefined
  const schema = content?.['application/json']?.schema
  const validate = schema && strict.compile({ ...schema, additionalProperties: false })
  return { parameters: parameters ?? [], body: { required: requestBody.required === true, validate } }
}

function resolved(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(resolved)
  if (typeof value !== 'object' || value === null) return value
  if ('$ref' in value && typeof value.$ref === 'string') return resolved(lookUp(value.$ref))
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolved(item)]))
}

function lookUp(reference: string): unknown {
  return reference
    .split('/')
    .slice(1)
    .reduce((at, key) => at[key], description)
}
