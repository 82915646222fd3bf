import { useMemo, useSyncExternalStore } from "react";
import { place } from "../account/place";
import { readRoute, type Route } from "../account/route";

/** Null: nothing but the conversation. */
export function useRoute(): Route | null {
  const hash = useSyncExternalStore(place.subscribe, place.hash);
  return useMemo(() => readRoute(hash), [hash]);
}
