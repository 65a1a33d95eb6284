/** Stable codes of every failure: part of the public contract, listed with causes and remedies in docs/troubleshooting.md. */
export const errorCodes = [
  'INPUT_INVALID',
  'SPEC_INVALID',
  'TENANT_UNREACHABLE',
  'TENANT_UNAUTHORIZED',
  'TENANT_FORBIDDEN',
  'TENANT_REJECTED',
  'TENANT_UNEXPECTED',
  'CLIENT_IN_USE',
  'DESTINATION_TAKEN',
  'SPACE_MISSING',
  'SPACE_AMBIGUOUS',
  'FINDINGS',
  'CLIENT_MISSING',
  'CLIENT_AMBIGUOUS',
  'CLIENT_OWNED_ELSEWHERE',
  'CLIENT_IMMUTABLE',
  'CLIENT_IS_ADMIN',
  'CLIENT_BUSY',
  'LEDGER_NEWER',
  'SECRET_SLOTS_FULL',
  'VERIFY_FAILED',
  'GITHUB_UNREACHABLE',
  'GITHUB_UNAUTHORIZED',
  'GITHUB_REJECTED',
  'GITHUB_UNEXPECTED',
  'DESTINATION_FORBIDDEN',
  'DESTINATION_MISSING',
  'DESTINATION_DROPPED',
  'DELIVERY_FAILED',
  'DRIFT_FOUND',
  'RATE_LIMITED',
  'CANCELLED',
  'BUG',
] as const

export type ErrorCode = (typeof errorCodes)[number]

/** Both count from 1. */
export type Position = { line: number; column: number }

/** A mistake in a spec file, with its position. The message quotes keys and names, no other values. */
export type Mistake = Position & { file: string; message: string }

/**
 * Why an answer does not show something. `gone`: the service itself says that it does not exist. `unseen`: it does not exist, or the
 * service hides it from us. `not told`: the answer came from somewhere else, such as a gateway, and proves nothing. Only `src/io` decides
 * which.
 */
export type Absence = 'gone' | 'unseen' | 'not told'

type Details = {
  cause?: unknown
  /** Qlik's `traceId` or GitHub's request id, with its name. */
  trace?: string | undefined
  /** The HTTP status of the answer, if there was one. */
  status?: number | undefined
  /** The meaning of a 404. */
  absence?: Absence | undefined
  /** The service's own time of that answer, in epoch seconds. */
  at?: number | undefined
  /** Milliseconds that the service asked us to wait, if there was no time left for that. */
  retryAfter?: number | undefined
  /** Milliseconds that all tries took. */
  spent?: number | undefined
  /** True if the request may have taken effect although no good answer came: read before you repeat it. */
  uncertain?: boolean
  /** The mistakes in spec files. */
  mistakes?: readonly Mistake[]
}

/** The only error class of this program. `message` says what happened, `hint` how to mend it. Neither ever holds a secret. */
export class ActionError extends Error {
  override readonly name = 'ActionError'
  readonly code: ErrorCode
  readonly hint: string
  readonly trace: string | undefined
  readonly status: number | undefined
  readonly absence: Absence | undefined
  readonly at: number | undefined
  readonly retryAfter: number | undefined
  readonly spent: number
  readonly uncertain: boolean
  readonly mistakes: readonly Mistake[]

  constructor(code: ErrorCode, message: string, hint: string, details: Details = {}) {
    super(message, { cause: details.cause })
    this.code = code
    this.hint = hint
    this.trace = details.trace
    this.status = details.status
    this.absence = details.absence
    this.at = details.at
    this.retryAfter = details.retryAfter
    this.spent = details.spent ?? 0
    this.uncertain = details.uncertain ?? false
    this.mistakes = details.mistakes ?? []
  }

  /** A copy that differs in these parts. It keeps all others, and its cause is this error. */
  with(changes: { code?: ErrorCode; message?: string; hint?: string } & Details): ActionError {
    const { code, message, hint, ...details } = changes
    const { trace, status, absence, at, retryAfter, spent, uncertain, mistakes } = this
    const kept = { trace, status, absence, at, retryAfter, spent, uncertain, mistakes }
    return new ActionError(code ?? this.code, message ?? this.message, hint ?? this.hint, {
      cause: this,
      ...kept,
      ...details,
    })
  }
}

/** Turns any thrown value into an ActionError. An unforeseen error becomes a `BUG`, without its message. */
export function toActionError(thrown: unknown): ActionError {
  if (thrown instanceof ActionError) return thrown
  if (isOutOfResources(thrown)) return outOfResources(thrown)
  const kind = thrown instanceof Error ? thrown.name : typeof thrown
  const where =
    thrown instanceof Error
      ? (/^\s+at (?:async )?([\w.<>]+)/m.exec(thrown.stack ?? '')?.[1] ?? 'somewhere')
      : 'somewhere'
  // The text of an unforeseen error is not printed, because it might hold a secret.
  return new ActionError(
    'BUG',
    `an unforeseen ${kind} in ${where}`,
    'This is a defect of the action. Please report it, with a description of the run.',
    {
      cause: thrown,
    },
  )
}

/** Did the operating system refuse files, connections or memory to Node? Then the runner is the cause. */
function isOutOfResources(thrown: unknown): boolean {
  const code = String((thrown as { code?: unknown } | null | undefined)?.code ?? '')
  return (
    thrown instanceof Error &&
    (['EMFILE', 'ENFILE', 'ENOMEM'].includes(code) || /too many open files/.test(thrown.message))
  )
}

function outOfResources(cause: unknown): ActionError {
  return new ActionError(
    'INPUT_INVALID',
    'the runner allows this process too few open files, or too little memory',
    'Raise the limit of open files for the runner (ulimit -n, 1024 is usual), and run again: the next run continues from here.',
    { cause },
  )
}

/** The error of a run that was asked to stop. `before`: the work that it did not begin. */
export function cancelledError(before?: string): ActionError {
  const message = `the run was asked to stop${before === undefined ? '' : ` before ${before}`}`
  return new ActionError('CANCELLED', message, 'Start it again: the next run continues from here.')
}

/** For closed switches: a new kind that nobody handles is a compile error here. */
export function unreachable(value: never): never {
  throw bugError(`unhandled kind ${JSON.stringify(value)}`)
}

/**
 * The error for a tenant that hides parts of some clients from a caller who is not an administrator. `whose`: the clients, for the
 * message.
 */
export function hiddenError(whose: string): ActionError {
  const message = `the tenant shows the consent and the secrets of ${whose} to administrators, and this credential is not one`
  return new ActionError('TENANT_FORBIDDEN', message, signInAsAdmin)
}

export const signInAsAdmin =
  'Sign in as a tenant admin: an API key of a user with the role Tenant Admin, or a trusted OAuth client with the scope admin_classic.'

/** The error for a state that the program rules out. */
export function bugError(message: string): ActionError {
  return new ActionError('BUG', message, 'This is a defect of the action. Please report it.')
}
