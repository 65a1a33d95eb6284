import { ActionError } from '../base/errors.ts'
import { plain } from '../base/text.ts'
import { clientLabel } from '../plan/find-client.ts'
import type { ClientPlan } from '../plan/steps.ts'
import { stepLine } from '../report/step-text.ts'
import type { UnderWay, World } from './client-under-way.ts'

/** Says at once what the plan wants to be known, before anything is done. */
export function tellAhead(plan: ClientPlan, { reporter }: World): void {
  const { spec, client } = plan
  for (const warning of plan.warnings) reporter.warning(warning)
  if (spec.state === 'absent') return
  if (client !== undefined && plan.adopted) {
    reporter.notice(
      `${clientLabel(client)} already existed: it is adopted. From now on its fields follow the workflow or the spec file. Its own secrets stay valid.`,
    )
  }
}

/** The last words about a client that is done. */
export function tellEnd(underWay: UnderWay, plan: ClientPlan): void {
  const { spec, progress, world } = underWay
  if (progress.done.length === 0) world.reporter.step(`✓ ${nothingToDo(underWay)}`)
  for (const note of progress.notes) world.reporter.notice(note)
  if (spec.state !== 'absent' || plan.client === undefined) return
  const bot = `The client’s user (subject qlikbot\\${plan.client.id}) stays on the tenant: Qlik does not delete it with the client.`
  progress.notes.push(bot)
  world.reporter.notice(bot)
}

/** Tells a plan that is not carried out. Returns the failure that drift is, where it is to be one. */
export function tellPlan(underWay: UnderWay, { spec, steps, drift }: ClientPlan): ActionError | undefined {
  const { policy, clients } = underWay.request
  const { reporter } = underWay.world
  if (steps.length === 0) reporter.step(`○ ${nothingToDo(underWay)}`)
  for (const [index, step] of steps.entries()) reporter.step(stepLine(step, 'planned', steps.slice(0, index)))
  if (!drift || !policy.failOnDrift || policy.mode !== 'plan') return undefined
  const several = clients.length > 1
  const hint = 'Run with mode: apply to make these changes. The job summary shows each of them, field by field.'
  return new ActionError('DRIFT_FOUND', `${several ? '' : `${plain(spec.name)} `}differs from the spec`, hint)
}

/** Of several clients each line says whose it is anyway. */
function nothingToDo({ spec, request }: UnderWay): string {
  return request.clients.length > 1 ? 'nothing to do' : `${plain(spec.name, 80)}: nothing to do`
}
