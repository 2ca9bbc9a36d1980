import { IpAddress } from '../wire/address.ts'

let recent: IpAddress = new IpAddress()

/** The same address in an object that is not written to: connections of one address of ours share it. */
export function ownAddress(address: IpAddress): IpAddress {
  if (!recent.equals(address)) recent = address.clone()
  return recent
}
