import type { LiveVmcs12 } from '../vmcs12/live-vmcs12.ts'

const pageFault = 14

/**
 * Whether an exception in L2 is L1's: by the exception bitmap, and for page faults by mask and match of their error codes.
 *
 * Source: SDM 3C 25.6.3 Exception Bitmap; 26.2 Other Causes of VM Exits.
 */
export function exceptionExits(vmcs: LiveVmcs12, vector: number, errorCode: number | undefined): boolean {
  const listed = (vmcs.word('EXCEPTION_BITMAP') & (1 << vector)) !== 0
  if (vector !== pageFault) return listed
  const masked = ((errorCode ?? 0) & vmcs.word('PAGE_FAULT_ERROR_CODE_MASK')) >>> 0
  return listed === (masked === vmcs.word('PAGE_FAULT_ERROR_CODE_MATCH'))
}
