export const channelsPath = "/api/admin/channels";
export const queuesPath = "/api/admin/queues";
export const tenantsPath = "/api/admin/tenants";
export const usersPath = "/api/admin/users";
