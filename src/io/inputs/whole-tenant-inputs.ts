import { parseDuration } from '../../base/duration.ts'
import { plain } from '../../base/text.ts'
import { clientInputs } from './client-inputs.ts'
import { type ExportFile, exportComplaint } from './export-file.ts'
import type { Input, InputName } from './input-table.ts'
import type { Problems } from './problems.ts'
import type { SpecInput } from './read-spec-files.ts'

/** The inputs of a run that looks at a whole tenant. `ignored`: given inputs that describe one client. */
export type WholeTenantInputs = { ignored: string[] } & (
  | { mode: 'audit'; maxAge: number; failOnFindings: boolean; files: SpecInput['files'] | undefined }
  | { mode: 'export'; file: ExportFile | undefined; schema: string }
)

type Given = {
  mode: WholeTenantInputs['mode']
  input: Input
  flag: (name: InputName) => boolean
  workspace: string
  /** Address of the JSON Schema of spec files. */
  schema: string
  /** Spec files, if there are any. */
  spec: SpecInput | undefined
}

/**
 * Reads the inputs that only `audit` and `export` have. Every mistake becomes a problem, also one in the path of an export's
 * file.
 */
export async function readWholeTenantInputs(given: Given, problems: Problems): Promise<WholeTenantInputs> {
  const { mode, input, flag, workspace, schema, spec } = given
  const ignored = clientInputs.filter((name) => input(name) !== '')
  if (mode === 'audit') {
    const maxAge = parseDuration(input('max-age') || '365d')
    if (maxAge === undefined) problems.add('max-age', 'accepted are durations such as 365d, 24h', input('max-age'))
    return { mode, ignored, maxAge: maxAge ?? 0, failOnFindings: flag('fail-on-findings'), files: allOf(spec) }
  }
  const name = input('export-file')
  const overwrite = flag('export-overwrite')
  const file = name === '' ? undefined : { file: name, workspace, overwrite }
  const complaint = file && (await exportComplaint(file))
  if (complaint !== undefined) problems.add('export-file', `${plain(name, 100)} ${complaint}`)
  return { mode, ignored, file, schema }
}

/** Includes the clients that the input `only` leaves out, because a file has them. */
function allOf(spec: SpecInput | undefined): SpecInput['files'] | undefined {
  if (spec === undefined) return undefined
  const [first] = spec.files
  return first === undefined ? [] : [...spec.files, { ...first, file: first.file, clients: spec.others }]
}
