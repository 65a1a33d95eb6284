// Writes sandbox/github-openapi.generated.json: the paths of the sandbox from GitHub's own API description, without prose. The
// package is far too large to be a dependency (385 MB), so it is fetched into a temporary directory.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const source = '@octokit/openapi@23.0.2'
const file = 'package/generated/api.github.com.json'
const target = new URL('../sandbox/github-openapi.generated.json', import.meta.url)

const roots = [
  /^\/repos\/\{owner\}\/\{repo\}$/,
  /^\/repos\/\{owner\}\/\{repo\}\/environments(\/\{environment_name\}(\/(secrets|variables)(\/.*)?)?)?$/,
  /^\/(repos\/\{owner\}\/\{repo\}|orgs\/\{org\})\/(actions|dependabot|codespaces|agents)\/(secrets|variables)(\/.*)?$/,
]
const methods = ['get', 'put', 'post', 'patch', 'delete']
const prose = new Set(['description', 'summary', 'example', 'examples', 'externalDocs', 'tags', 'title', 'operationId'])

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }
type Node = { [name: string]: Json }

function fetchDescription(): Node {
  const directory = mkdtempSync(join(tmpdir(), 'openapi-'))
  try {
    const packed = execFileSync('npm', ['pack', source, '--silent'], { cwd: directory, encoding: 'utf8' })
    execFileSync('tar', ['-xzf', packed.trim(), file], { cwd: directory })
    return JSON.parse(readFileSync(join(directory, file), 'utf8'))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

function node(value: Json | undefined): Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}
}

/** `named`: the keys are names of fields or components, so none of them is prose. */
function stripped(value: Json, named = false): Json {
  if (Array.isArray(value)) return value.map((item) => stripped(item))
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([key]) => named || !(prose.has(key) || key.startsWith('x-')))
  return Object.fromEntries(kept.map(([key, item]) => [key, stripped(item, !named && key === 'properties')]))
}

/** Only requests are validated, so only the statuses of answers are kept. */
function operation(raw: Node): Node {
  const { parameters, requestBody, responses } = raw
  return {
    ...(parameters === undefined ? {} : { parameters: stripped(parameters) }),
    ...(requestBody === undefined ? {} : { requestBody: stripped(requestBody) }),
    statuses: Object.keys(node(responses ?? null)),
  }
}

function references(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(references)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, item]) =>
    key === '$ref' && typeof item === 'string' ? [item] : references(item),
  )
}

function lookUp(root: Node, reference: string): Json {
  const value = reference
    .split('/')
    .slice(1)
    .reduce<Json | undefined>((at, key) => node(at)[key], root)
  if (value === undefined) throw new Error(`${reference} has no target`)
  return value
}

function extract(description: Node): Node {
  const paths: Node = {}
  for (const [path, item] of Object.entries(node(description.paths))) {
    if (!roots.some((root) => root.test(path))) continue
    const operations = Object.entries(node(item)).filter(([method]) => methods.includes(method))
    paths[path] = Object.fromEntries(operations.map(([method, raw]) => [method, operation(node(raw))]))
  }
  const components: Record<string, Node> = {}
  const open = references(paths)
  for (let reference = open.pop(); reference !== undefined; reference = open.pop()) {
    const [, , kind = '', name = ''] = reference.split('/')
    components[kind] ??= {}
    if (components[kind][name] !== undefined) continue
    const component = stripped(lookUp(description, reference))
    components[kind][name] = component
    open.push(...references(component))
  }
  return { source, openapi: description.openapi ?? '', paths, components }
}

const extracted = `${JSON.stringify(extract(fetchDescription()), null, 1)}\n`
writeFileSync(target, extracted)
console.log(`${target.pathname}: ${Math.round(extracted.length / 1000)} kB`)
