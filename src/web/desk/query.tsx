import { QueryClient, QueryClientProvider, useQuery, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Empty, Skeleton } from "../kit/bits.tsx";
import { Button } from "../kit/controls.tsx";
import { refusalOf } from "../state/refused.ts";
import { useDesk, useWords } from "./context.ts";

const client = new QueryClient({ defaultOptions: { queries: { retry: 1, staleTime: 5_000, gcTime: 60_000 } } });

/** For screens that read over REST; the live inbox never goes through here. */
export const Queries = ({ children }: { children: ReactNode }): ReactNode => (
  <QueryClientProvider client={client}>{children}</QueryClientProvider>
);

/** Reads a path (T is what the wire says it gives) and shows loading and refusal the same way everywhere. */
// the path decides the type; only the caller knows it
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
export const Load = <T,>({
  path,
  everyMs,
  children,
}: {
  path: string;
  everyMs?: number;
  children: (data: T) => ReactNode;
}): ReactNode => {
  const { t } = useWords();
  const { api } = useDesk();
  const query = useQuery({
    queryKey: [path],
    queryFn: () => api.get<T>(path),
    ...(everyMs === undefined ? {} : { refetchInterval: everyMs }),
  });
  if (query.data !== undefined) return children(query.data);
  if (query.isError)
    return (
      <Empty icon="warning" title={t(`refusal.${refusalOf(query.error)}`)}>
        <Button onClick={() => void query.refetch()}>{t("common.tryAgain")}</Button>
      </Empty>
    );
  return <Skeleton lines={5} />;
};

export const useReload = (): ((path: string) => Promise<void>) => {
  const queries = useQueryClient();
  return (path) => queries.invalidateQueries({ queryKey: [path] });
};
