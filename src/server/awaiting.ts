import type { NextFunction, Request, RequestHandler, Response } from "express";

/** A handler that may wait: what it throws goes to the fault handler. */
export const awaiting =
  (work: (request: Request, response: Response, next: NextFunction) => Promise<void>): RequestHandler =>
  (request, response, next) => {
    const run = async (): Promise<void> => {
      try {
        await work(request, response, next);
      } catch (thrown) {
        next(thrown);
      }
    };
    void run();
  };
