/** No error: the client has the answer already. Thrown because Nest gives every answer that is returned the status of its route. */
export class NotModified extends Error {
  override readonly name = 'NotModified';
}
