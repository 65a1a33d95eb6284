import { isoTime } from '../base/duration.ts'
import { destinationLabel } from '../model/destination.ts'
import type { Step } from '../plan/client-plan.ts'
import { outputsWithoutClients } from './failure-report.ts'
import type { Outcome, Result } from './outcome.ts'
import { stepData } from './step-text.ts'

/** The step's outputs, all of them text, none of them secret. */
export function outputsOf(outcomes: Outcome[], summary: string): Record<string, string> {
  const one = outcomes.length === 1 ? outcomes[0] : undefined
  const error = outcomes.find((outcome) => outcome.error !== undefined)?.error
  const results = outcomes.map(({ result }) => result)
  return {
    ...outputsWithoutClients(summary),
    'client-id': one?.clientId ?? '',
    'client-name': one?.name ?? '',
    'bot-user-id': one?.botUserId ?? '',
    result: strongest(results) ?? '',
    changed: String(outcomes.some(({ changed }) => changed)),
    drift: String(outcomes.some(({ drift }) => drift)),
    plan: JSON.stringify(
      outcomes.flatMap(({ name, steps }) =>
        steps.filter(isNotSkipped).map((step) => ({ client: name, ...stepData(step) })),
      ),
    ),
    ...secretData(one),
    clients: JSON.stringify(outcomes.map(clientData)),
    'error-code': error?.code ?? '',
  }
}

/** A proof that is skipped is a note and not a step: a plan lists the same steps as the run that follows it. */
function isNotSkipped(step: Step): boolean {
  return step.kind !== 'verify' || step.skip === undefined
}

const strength: Result[] = ['deleted', 'created', 'rotated', 'updated', 'planned', 'unchanged']

function strongest(results: (Result | undefined)[]): Result | undefined {
  return strength.find((result) => results.includes(result))
}

function clientData(outcome: Outcome): Record<string, unknown> {
  return {
    'client-id': outcome.clientId ?? '',
    'client-name': outcome.name,
    'bot-user-id': outcome.botUserId ?? '',
    result: outcome.result ?? '',
    changed: outcome.changed,
    drift: outcome.drift,
    ...secretData(outcome),
    destinations: outcome.destinations.map(destinationLabel),
    'error-code': outcome.error?.code ?? '',
  }
}

/** Public facts about the current secret. A deleted client has none. */
function secretData(outcome: Outcome | undefined): Record<string, string> {
  const { current, nextRotationAt } = outcome?.result === 'deleted' ? {} : (outcome ?? {})
  return {
    'secret-hint': current?.hint ?? '',
    'secret-issued-at': time(current?.issuedAt),
    'next-rotation-at': time(nextRotationAt),
  }
}

function time(seconds: number | undefined): string {
  return seconds === undefined ? '' : isoTime(seconds)
}
