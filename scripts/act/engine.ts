// The changes to a workflow with which another engine runs it as GitHub does.
import { isMap, isScalar, parseDocument, type YAMLMap } from 'yaml'

/**
 * The engine knows no environments: to it all secrets are the repository's. So in a job with an environment every `secrets.X` and
 * `vars.X` is replaced by the value under `ENVIRONMENT/X`, or else by the repository's, as on GitHub.
 */
export function withEnvironments(workflow: string): string {
  const jobs = parseDocument(workflow).get('jobs')
  if (!isMap(jobs)) return workflow
  return [...jobs.items].reverse().reduce((text, { value }) => {
    const environment = isMap(value) ? environmentOf(value) : undefined
    const [start, , end] = isMap(value) && value.range ? value.range : [0, 0, 0]
    if (environment === undefined) return text
    return text.slice(0, start) + lookedUp(text.slice(start, end), environment) + text.slice(end)
  }, workflow)
}

/** As an expression. */
function environmentOf(job: YAMLMap): string | undefined {
  const found = job.get('environment', true)
  const name = isMap(found) ? found.get('name', true) : found
  if (!isScalar(name)) return undefined
  const [, expression] = /^\$\{\{(.*)\}\}$/.exec(String(name.value)) ?? []
  return expression?.trim() ?? `'${name.value}'`
}

function lookedUp(job: string, environment: string): string {
  const found = (kind: string, name: string) =>
    `(${kind}[format('{0}/{1}', ${environment}, ${name})] || ${kind}[${name}])`
  return job
    .replaceAll(/\b(secrets|vars)\[([^\]]+)\]/g, (_all, kind: string, name: string) => found(kind, name))
    .replaceAll(/\b(secrets|vars)\.(?!GITHUB_TOKEN)([A-Z]\w*)/g, (_all, kind: string, name: string) =>
      found(kind, `'${name}'`),
    )
}

/**
 * The engine's jobs of a matrix in a reusable workflow share one map of secrets, and each writes to it: side by side, it stops with
 * "concurrent map writes" every few runs (act v0.2.89, `getWorkflowSecrets`). On GitHub they share nothing.
 */
export function oneAtATime(workflow: string): string {
  return workflow.replaceAll(/^( +strategy:\n)(?!(?: {6,}.*\n)*? +max-parallel:)( +)/gm, '$1$2max-parallel: 1\n$2')
}
