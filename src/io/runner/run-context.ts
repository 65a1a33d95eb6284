import { statSync } from 'node:fs'
// A single file of GitHub's toolkit: the rest of the package evaluates an HTTP client and Octokit.
import { Context } from '../../../node_modules/@actions/github/lib/context.js'

type Env = Record<string, string | undefined>

/** The facts that GitHub's runner gives about this run: plain data, not checked yet. */
export type RunContext = {
  /** The running repository; empty where the runner does not name it. */
  owner: string
  repository: string
  eventName: string
  runId: string
  attempt: number
  apiUrl: string
  /** The run is of a pull request whose branch is in another repository. */
  isFromFork: boolean
}

/** GitHub sends events of up to 25 MB. */
const largestEvent = 26_214_400

/**
 * Reads the run's context with GitHub's own toolkit. The toolkit reads `process.env` and the event file without a check. So it
 * gets the variables of the given environment that are used here instead, and the event file only for pull requests, if it is a
 * regular file and not larger than an event can be.
 */
export function readContext(env: Env): RunContext {
  const isPullRequest = env.GITHUB_EVENT_NAME?.startsWith('pull_request') ?? false
  const event = isPullRequest && isEventFile(env.GITHUB_EVENT_PATH) ? env.GITHUB_EVENT_PATH : undefined
  const { GITHUB_REPOSITORY, GITHUB_EVENT_NAME, GITHUB_RUN_ID, GITHUB_RUN_ATTEMPT, GITHUB_API_URL } = env
  const lent = { GITHUB_REPOSITORY, GITHUB_EVENT_NAME, GITHUB_RUN_ID, GITHUB_RUN_ATTEMPT, GITHUB_API_URL }
  try {
    return within({ ...lent, GITHUB_EVENT_PATH: event }, contextOf)
  } catch {
    // The file is not JSON.
    return within(lent, contextOf)
  }
}

function isEventFile(path: string | undefined): boolean {
  try {
    const found = statSync(path ?? '')
    return found.isFile() && found.size > 0 && found.size <= largestEvent
  } catch {
    return false
  }
}

/** The toolkit takes no environment as an argument. No other code runs while `process.env` is replaced. */
function within<T>(env: Env, work: () => T): T {
  const own = process.env
  process.env = env
  try {
    return work()
  } finally {
    process.env = own
  }
}

function contextOf(): RunContext {
  const context = new Context()
  const { owner, repo } = process.env.GITHUB_REPOSITORY ? context.repo : { owner: '', repo: '' }
  const head = context.payload.pull_request?.head as { repo?: { full_name?: unknown } | null } | undefined
  const from = head?.repo?.full_name
  return {
    owner,
    repository: repo ?? '',
    eventName: context.eventName ?? '',
    runId: Number.isSafeInteger(context.runId) ? String(context.runId) : '0',
    attempt: context.runAttempt || 1,
    apiUrl: context.apiUrl || 'https://api.github.com',
    isFromFork: head !== undefined && String(from).toLowerCase() !== `${owner}/${repo}`.toLowerCase(),
  }
}
