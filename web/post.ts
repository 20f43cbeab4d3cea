/** Messages to the server beside the socket. */

/** Sends a message as JSON; rejects where the server cannot be reached. */
export const post = (address: string, message: unknown): Promise<Response> =>
  fetch(address, {
    method: 'POST',
    body: JSON.stringify(message),
    headers: { 'content-type': 'application/json' },
  });
