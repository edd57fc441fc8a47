import { channel } from "node:diagnostics_channel";

const points = channel("linka:point");

/**
 * Marks an instant at which a crash must lose and double nothing. Free unless somebody listens: the fault tests
 * subscribe from outside (`node --import`) and kill the process right here.
 */
export const reach = (name: string): void => {
  if (points.hasSubscribers) points.publish(name);
};
