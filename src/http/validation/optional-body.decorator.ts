const optionalBodies = new WeakSet<Function>();

/** The body that this DTO describes may be left out; it counts as an object without fields then. */
export function OptionalBody(): ClassDecorator {
  return (type) => void optionalBodies.add(type);
}

/** Whether a request without a body is one whose DTO has no fields. */
export function isBodyOptional(type: Function): boolean {
  return optionalBodies.has(type);
}
