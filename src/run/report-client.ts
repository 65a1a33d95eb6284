import { ActionError } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import type { ClientPlan } from '../plan/client-plan.ts'
import { clientLabel } from '../plan/find-client.ts'
import { stepLine } from '../report/step-text.ts'
import type { ClientUnderWay, RunTools } from './client-under-way.ts'

/** Reports the plan's notices and warnings before the first step. */
export function reportBeforeSteps(plan: ClientPlan, { reporter }: RunTools): void {
  const { spec, client } = plan
  for (const warning of plan.warnings) reporter.warning(warning)
  if (spec.state === 'absent') return
  if (client !== undefined && plan.adopted) {
    reporter.notice(
      `${clientLabel(client)} already existed: it is adopted. From now on its fields follow the workflow or the spec file. Its own secrets stay valid.`,
    )
  }
}

/** Reports the end of a client. */
export function reportEnd(underWay: ClientUnderWay, plan: ClientPlan): void {
  const { spec, progress, tools } = underWay
  if (progress.done.length === 0) tools.reporter.step(`✓ ${nothingToDo(underWay)}`)
  for (const note of progress.notes) tools.reporter.notice(note)
  if (spec.state !== 'absent' || plan.client === undefined) return
  const bot = `The client’s user (subject qlikbot\\${plan.client.id}) stays on the tenant: Qlik does not delete it with the client.`
  progress.notes.push(bot)
  tools.reporter.notice(bot)
}

/** Reports a plan that is not carried out. Returns an error for drift, if the run must fail on drift. */
export function reportPlan(underWay: ClientUnderWay, { spec, steps, drift }: ClientPlan): ActionError | undefined {
  const { policy, clients } = underWay.request
  const { reporter } = underWay.tools
  if (steps.length === 0) reporter.step(`○ ${nothingToDo(underWay)}`)
  for (const [index, step] of steps.entries()) reporter.step(stepLine(step, 'planned', steps.slice(0, index)))
  if (!drift || !policy.failOnDrift || policy.mode !== 'plan') return undefined
  const several = clients.length > 1
  const hint = 'Run with mode: apply to make these changes. The job summary shows each of them, field by field.'
  return new ActionError('DRIFT_FOUND', `${several ? '' : `${plain(spec.name)} `}differs from the spec`, hint)
}

/** In a run of several clients each line begins with the client's name anyway. */
function nothingToDo({ spec, request }: ClientUnderWay): string {
  return request.clients.length > 1 ? 'nothing to do' : `${plain(spec.name, 80)}: nothing to do`
}
