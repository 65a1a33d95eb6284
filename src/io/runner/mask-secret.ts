import { maskForms } from '../../base/mask-forms.ts'
import { Secret } from '../../base/secret.ts'

/** Registers texts with the runner, which blots them out of everything that is printed afterwards. */
export type Mask = (text: string) => void

/** The only way a value becomes a Secret: every form of it is masked before anybody can hold it. */
export function born(value: string, mask: Mask): Secret {
  for (const form of maskForms(value)) mask(form)
  return new Secret(value)
}
