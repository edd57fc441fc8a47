export const channelsPath = "/api/admin/channels";
export const usersPath = "/api/admin/users";
